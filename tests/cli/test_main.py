"""The entry point: exit codes, and what a user sees when things go wrong."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from simk8s import __version__
from simk8s.cli import crash
from simk8s.errors import InvariantError, Place, Problem, UserError


def test_the_version(simk8s):
    result = simk8s("--version")
    assert (result.code, result.out) == (0, f"simk8s {__version__}\n")


@pytest.mark.parametrize("words", [["frob"], ["run"], ["run", "tiny.yaml", "--seed", "x"]])
def test_wrong_usage_is_exit_2(simk8s, words):
    result = simk8s(*words)
    assert result.code == 2
    assert "Traceback" not in result.err


def test_problems_are_printed_with_place_code_and_indented_hint(simk8s, straw):
    problem = Problem("E101", "unknown\nkey \x1b[31m", Place("a.yaml", 3, 5), "did you mean 'y'?")
    straw.failure = UserError(problem, Problem("E102", "another"))
    result = simk8s("run", "tiny.yaml")
    assert result.code == 2
    assert result.err.splitlines() == [
        "a.yaml:3:5: E101 unknown key \ufffd[31m",
        "    did you mean 'y'?",
        "E102 another",
    ]


def test_a_crash_is_exit_70_with_what_is_needed_to_see_it_again(simk8s, straw):
    straw.failure = InvariantError("node 3 is overcommitted", simulated_us=5_400_000_000)
    result = simk8s("run", "tiny.yaml", "--seed", "9", "--strategy", "first_fit")
    assert result.code == 70
    assert "our mistake" in result.err
    assert "InvariantError: node 3 is overcommitted" in result.err
    assert "seed:       9" in result.err
    assert "1h30m" in result.err
    assert "simk8s run tiny.yaml --strategy first_fit --seed 9" in result.err
    assert straw.calls[0]["loaded"].hash in result.err


def test_a_full_disk_is_no_crash(simk8s, straw):
    straw.failure = OSError(errno.ENOSPC, "No space left on device", "reports/tiny/pods.parquet")
    result = simk8s("run", "tiny.yaml")
    assert (result.code, result.err) == (
        2,
        "E402 reports/tiny/pods.parquet: No space left on device\n",
    )


def test_other_system_errors_are_crashes(simk8s, straw):
    straw.failure = FileNotFoundError(errno.ENOENT, "gone", "simk8s/own.csv")
    assert simk8s("run", "tiny.yaml").code == 70


def test_a_second_interrupt_is_exit_130(simk8s, straw):
    straw.failure = KeyboardInterrupt()
    result = simk8s("run", "tiny.yaml")
    assert result.code == 130
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("number", "named", "ours"),
    [(errno.EACCES, "x", False), (errno.EACCES, None, True), (errno.ENOENT, "x", True)],
)
def test_whose_fault_a_system_error_is(number, named, ours):
    assert crash.is_of_the_users_files(OSError(number, "words", named)) is not ours


def test_a_terminal_without_unicode_is_no_crash(here):
    environment = {
        **os.environ,
        "PYTHONIOENCODING": "ascii",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    code = "from simk8s.cli.main import run; run()"
    result = subprocess.run(
        [sys.executable, "-c", code, "validate", "ü.yaml"],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert result.returncode == 2
    assert b"E001" in result.stderr
