"""Usage in whole runs: taints follow pressure, digests repeat, nothing is there without it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.build import Options, build
from simk8s.simulation.run import run_scenario
from simk8s.state.resources import MEMORY

GIB, MINUTE = 1 << 30, 60_000_000
TEXT = """
apiVersion: simk8s/v1
name: pressed
seed: 2
duration: 2h
nodes: [{capacity: {cpu: 4, memory: 8Gi}, count: 2}]
behaviour:
  - selector: {matchLabels: {app: leaky}}
    usage: {cpu: 50%, memory: {leak: {from: 1Gi, perHour: 6Gi}}}
workload:
  - name: leaky
    replicaSet:
      replicas: 2
      template:
        metadata: {labels: {app: leaky}}
        spec: {containers: [{name: main, resources: {requests: {cpu: 500m, memory: 1Gi}}}]}
"""


def loaded(text: str = TEXT):
    return load(Path("pressed.yaml"), text=text, knowledge=machines())


def test_pressure_becomes_a_taint_and_goes_again(tmp_path: Path) -> None:
    """Both leaks cross 8 GiB less the threshold after some 68 minutes."""
    world = build(loaded(), seed=2, horizon_us=120 * MINUTE, options=Options())
    world.start()
    world.clock.run(72 * MINUTE)
    assert world.usage is not None
    assert world.usage.evictions == 2
    taints = [t.key for spec in world.cluster.nodes.specs for t in spec.taints]
    assert taints == ["node.kubernetes.io/memory-pressure"] * 2
    # Their replacements were placed before the taint was there, as in a real cluster.
    assert world.scheduler.queue.lengths()[2] == 0
    world.clock.run(80 * MINUTE)
    assert [spec.taints for spec in world.cluster.nodes.specs] == [(), ()]
    assert sum(world.cluster.pods.phase[p] == 2 for p in range(len(world.cluster.pods))) == 2


def test_a_run_has_its_digest_again_and_its_table(tmp_path: Path) -> None:
    runs = [run_scenario(loaded(), out=tmp_path / name, audit=True) for name in "ab"]
    assert runs[0].manifest.digest == runs[1].manifest.digest
    usage = pl.read_parquet(tmp_path / "a" / "usage.parquet")
    assert usage["evictions"].max() == 2
    assert 100 < usage.height <= 201
    other = run_scenario(loaded(TEXT.replace("6Gi}}", "5Gi}}")), out=tmp_path / "c")
    assert other.manifest.digest != runs[0].manifest.digest


def test_without_usage_there_is_neither_component_nor_table(tmp_path: Path) -> None:
    plain = TEXT.replace("usage: {cpu: 50%, memory: {leak: {from: 1Gi, perHour: 6Gi}}}", "{}")
    plain = plain.replace("    {}\n", "    startup: 1s\n")
    world = build(loaded(plain), seed=2, horizon_us=MINUTE, options=Options())
    assert world.usage is None
    run_scenario(loaded(plain), out=tmp_path)
    assert not (tmp_path / "usage.parquet").exists()


def test_allocatable_follows_the_hard_threshold() -> None:
    node = "nodes: [{capacity: {cpu: 4, memory: 8Gi}, count: 2}]"
    machine = "nodes: [{profile: m5.large, count: 1}]"
    kept = "\ncontrolPlane: {kubelet: {evictionHard: {memory.available: 500Mi}}}"

    def allocatable(text: str) -> int:
        world = build(loaded(text), seed=1, horizon_us=MINUTE, options=Options())
        return world.cluster.nodes.specs[0].allocatable[MEMORY]

    usual = allocatable(TEXT.replace(node, machine))
    assert usual - allocatable(TEXT.replace(node, machine + kept)) == 400 << 20
