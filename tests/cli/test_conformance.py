"""`simk8s conformance`: agreement by family, differences, exit codes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from simk8s.cli.main import FAILED, OK, USER, main
from tests.conformance import cases


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.jsonl.gz"
    lines = [json.dumps(make()) for make in (cases.scored, cases.displaced)]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    case = cases.scored()
    case["expected"]["scores"]["TaintToleration"]["raw"][1] = 7
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(case) + "\n")
    return path


def test_agreement_is_printed_by_family(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", str(good)]) == OK
    told = capsys.readouterr().out.splitlines()
    assert [line.split() for line in told] == [
        ["preemption", "1", "of", "1"],
        ["single", "1", "of", "1"],
        ["total", "2", "of", "2"],
    ]


def test_a_difference_is_shown_side_by_side(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", str(bad)]) == FAILED
    told = capsys.readouterr().out
    assert "scores.TaintToleration.raw[1]\n    expected  7\n    got       0\n" in told


def test_json_has_every_difference(
    good: Path, bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conformance", str(good), str(bad), "--json"]) == FAILED
    told = json.loads(capsys.readouterr().out)
    assert told["total"] == {"cases": 3, "agree": 2}
    assert told["families"]["single"] == {"cases": 2, "agree": 1}
    assert told["differences"] == [
        {
            "id": "single-0",
            "family": "single",
            "path": "scores.TaintToleration.raw[1]",
            "expected": 7,
            "got": 0,
        }
    ]


def test_one_family_alone(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", str(good), str(bad), "--family", "preemption"]) == OK
    assert "single" not in capsys.readouterr().out


def test_an_unknown_family_is_an_error(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", str(good), "--family", "singel"]) == USER
    assert "did you mean 'single'?" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["not json\n", "[1]\n"])
def test_a_file_that_is_no_recording_is_an_error(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text("\n" + text)
    assert main(["conformance", str(path)]) == USER
    assert f"{path}:2:1: E107" in capsys.readouterr().err
