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
    "quickstart": (8 * HOUR, "5e41d88df1d8762788e5565ab30465dc"),
    "gpu-sharing": (5 * HOUR, "4db190f05d5f370c292c49836b6ec86c"),
    "control-plane": (HOUR, "dc9a079f515603d9a421fd5fbaff1a5f"),
    "memory-pressure": (20 * HOUR, "457e06206f0e8c6e192ce94909417bd1"),
    "rollout": (2 * HOUR, "970398347c05b2e06bf293d39ac412d2"),
    "queues": (8 * HOUR, "ad3d5f995e1844e8ecce3eae4107441e"),
    "bad-week": (168 * HOUR, "8690d32a9c5c8ab4b11b491fea885937"),
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
