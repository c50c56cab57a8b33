"""check-strategy and check-controller: what is right passes, each thing that is wrong is found."""

from __future__ import annotations

import pytest

from simk8s.errors import UserError
from simk8s.simulation.checks.controller import check_controller
from simk8s.simulation.checks.strategy import check_strategy

STRATEGY = """
import random, time
from simk8s.strategies.first_fit import FirstFit


class Mine(FirstFit):
    name = "mine"

    def propose(self, pending, now_us):
        plan = super().propose(pending, now_us)
        {body}
        return plan
"""
CONTROLLER = """
from simk8s.controllers.replicaset import ReplicaSetController


class Mine(ReplicaSetController):
    name = "mine"

    def reconcile(self, key, now_us):
        {body}
        return super().reconcile(key, now_us)
"""
THROUGH = "it writes through its client, reads no clock, returns Results"


def broken(found):
    return {verdict.rule.partition(":")[0]: verdict.broken for verdict in found if verdict.broken}


def test_a_shipped_strategy_passes(tmp_path):
    assert broken(check_strategy("first_fit", tmp_path)) == {}


@pytest.mark.parametrize(
    ("body", "rule", "words"),
    [
        ("time.time()", "purity", "it calls time.time"),
        ("self._decider._view.nodes.free[0, 0] -= 1", "purity", "changes nodes or pods"),
        ("plan.assignments.clear()", "valid plans", "it answered about"),
        ("plan.rejected.clear()", "an empty cluster", "it answered about"),
    ],
)
def test_a_broken_strategy_is_found_out(body, rule, words, tmp_path):
    (tmp_path / "mine.py").write_text(STRATEGY.format(body=body))
    found = broken(check_strategy("./mine.py:Mine", tmp_path))
    assert words in found[rule]


def test_what_is_no_strategy_is_told(tmp_path):
    (tmp_path / "mine.py").write_text("class Mine:\n    pass\n")
    assert "derive from" in broken(check_strategy("./mine.py", tmp_path))["it is a strategy"]
    with pytest.raises(UserError):
        list(check_strategy("./other.py", tmp_path))


@pytest.mark.parametrize(
    ("body", "rule", "words"),
    [
        ("pass", "", ""),
        ("import time; time.time()", THROUGH, "it calls time.time"),
        ("return None", THROUGH, "returns a Result"),
        (
            "from simk8s.controllers.base import DONE; return DONE",
            "it does the work of replicaset",
            "0 of 12 pods",
        ),
    ],
)
def test_a_broken_controller_is_found_out(body, rule, words, tmp_path):
    (tmp_path / "mine.py").write_text(CONTROLLER.format(body=body))
    found = broken(check_controller("./mine.py:Mine", tmp_path, "replicaset"))
    assert words in found[rule] if rule else found == {}


def test_an_unknown_slot_is_told(tmp_path):
    with pytest.raises(UserError, match="there is no slot"):
        list(check_controller("replicaset", tmp_path, "replicasets"))
