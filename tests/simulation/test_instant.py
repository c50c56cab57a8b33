"""`controlPlane: {profile: instant}`: nothing takes time, so what is placed is packing alone.

The placements were recorded before there was a control plane with latencies of its own (commit
e3cdbb3, every latency set to 0): a model of the machinery must not change what an instant run does.
One was recorded anew when the default spreading of owners' pods came into every simulation; without
its selectors the old one still comes out.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest
import yaml

from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.run import run_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
HOUR = 3_600_000_000
RECORDED = {
    ("quickstart", "kube_scheduler", 6): (4239, 4237, "0287c616ba75d1f4151fca66f43d5ead"),
    ("quickstart", "best_fit", 6): (4239, 4215, "926b01cc33216ee3e22ce3f316c35b99"),
    ("gpu-sharing", "kube_scheduler", None): (3388, 3388, "770625f54b793b0488af50944b86f962"),
    ("gpu-sharing", "first_fit", None): (3388, 3388, "8af0afaa072dfafb875d1bb499327dc3"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "strategy", "hours"), RECORDED)
def test_an_instant_run_places_as_before(
    name: str, strategy: str, hours: int | None, tmp_path: Path
) -> None:
    data = yaml.safe_load((SCENARIOS / f"{name}.yaml").read_text())
    data = {k: v for k, v in data.items() if k not in ("faults", "variants")}
    data |= {"strategy": strategy, "controlPlane": {"profile": "instant"}}
    text = yaml.safe_dump(data, sort_keys=False)
    loaded = load(SCENARIOS / f"{name}.yaml", knowledge=machines(), text=text)
    run_scenario(loaded, out=tmp_path, until_us=hours * HOUR if hours else None)
    placed = pl.read_parquet(tmp_path / "pods.parquet").sort("pod")
    rows = placed.select("namespace", "name", "node").rows()
    lines = "\n".join(f"{namespace}/{pod} {node}" for namespace, pod, node in rows)
    digest = hashlib.blake2b(lines.encode(), digest_size=16).hexdigest()
    assert (len(rows), placed["node"].count(), digest) == RECORDED[name, strategy, hours]
