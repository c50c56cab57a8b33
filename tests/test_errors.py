"""Problems print as file:line:column: CODE message; a UserError carries all of them."""

from __future__ import annotations

import pytest

from simk8s.errors import InvariantError, Place, Problem, UserError, raise_if_any


def test_a_problem_prints_its_place_and_code():
    problem = Problem("E101", "unknown key 'x'", Place("a.yaml", 3, 5), "did you mean 'y'?")
    assert str(problem) == "a.yaml:3:5: E101 unknown key 'x'"
    assert str(Problem("E101", "no place")) == "E101 no place"


def test_a_user_error_carries_every_problem():
    first, second = Problem("E101", "a"), Problem("E102", "b")
    with pytest.raises(UserError) as caught:
        raise_if_any(iter([first, second]))
    assert caught.value.problems == [first, second]
    assert str(caught.value) == "E101 a\nE102 b"
    raise_if_any([])


def test_an_empty_user_error_is_our_own_mistake():
    with pytest.raises(InvariantError):
        UserError()


def test_an_invariant_error_may_know_the_simulated_time():
    assert InvariantError("x", simulated_us=7).simulated_us == 7
