"""Streams of random_fit: the same one again is the same run, another one is another."""

from __future__ import annotations

from pathlib import Path

from simk8s.simulation.run import run_scenario
from tests.simulation.scenarios import loaded


def digest(folder: Path, **strategy: str) -> str:
    overrides = {f"strategy__{key}": value for key, value in strategy.items()}
    found = loaded(strategy__name="random_fit", **overrides)
    return run_scenario(found, out=folder, until_us=600_000_000).manifest.digest


def test_a_stream_is_a_choice_of_draws(tmp_path: Path) -> None:
    default, first = digest(tmp_path), digest(tmp_path, stream="1")
    assert digest(tmp_path, stream="0") == default
    assert digest(tmp_path, stream="1") == first
    assert len({default, first, digest(tmp_path, stream="2")}) == 3
