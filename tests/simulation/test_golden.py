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
    "quickstart": (8 * HOUR, "c88ccfebc0d674d7d4ce727de5d32f78"),
    "gpu-sharing": (5 * HOUR, "68db64d178f70b3c8540bc257ad9c6d5"),
    "bad-week": (168 * HOUR, "9c021596d19d12efc062a07eee2cef66"),
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
