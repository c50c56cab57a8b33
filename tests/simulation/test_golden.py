"""Every shipped scenario, cut short: audited, and with the digest that it had when last seen.

A digest that changes is a change of behaviour (or of what is recorded): look at the page, then
write the new one here in the same commit.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.run import run_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
HOUR = 3_600_000_000
GOLDEN = {
    "quickstart": (8 * HOUR, "349540335450a9ee2a82d169c0cb145f"),
    "gpu-sharing": (5 * HOUR, "c2c766d79e027b55a9ef3dfb8dfd587d"),
    "control-plane": (HOUR, "792cc944374bc8061592e5b759ff820c"),
    "memory-pressure": (20 * HOUR, "1b6835ad7ce8d1fd5d2dca1cc0934fc9"),
    "bad-week": (168 * HOUR, "07c6383f028e9a71d6ec4a95d54f46cd"),
}


def test_every_shipped_scenario_has_a_golden_digest() -> None:
    assert set(GOLDEN) == {path.stem for path in SCENARIOS.glob("*.yaml")}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden(name: str, tmp_path: Path) -> None:
    until_us, digest = GOLDEN[name]
    loaded = load(SCENARIOS / f"{name}.yaml", knowledge=machines())
    manifest = run_scenario(loaded, out=tmp_path, until_us=until_us, audit=True).manifest
    assert manifest.audit == "passed"
    assert manifest.digest == digest
