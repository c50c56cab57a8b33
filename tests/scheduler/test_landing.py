"""The usual end of a cycle is the general one: stories with and without it are the same."""

from __future__ import annotations

import pytest

from simk8s.scheduler import scheduler as module
from simk8s.scheduler.queued import Where
from simk8s.scheduler.timing import CycleTimes
from simk8s.state.audit import audit
from tests.steady import steady
from tests.world import GIB, SECOND, World, node, pod_manifest, world

NODES = 4


def story(seed: int) -> World:
    """Cycles take 10 ms, so pods and nodes change while they are under way."""
    w = world(times=steady(), cycle=CycleTimes(base_us=10_000, per_node_ns=0), qps=0)
    for i in range(NODES):
        w.add_node(node(f"n{i}", 2_000, 4 * GIB, gpus=i % 2))
    for i in range(48):
        kind = (i * 7 + seed) % 5
        cpu = None if kind == 4 else f"{200 + 50 * kind}m"
        w.create(pod_manifest(cpu, "128Mi", priority=kind // 2), 3, (2 + kind) * SECOND)
        w.run(w.clock.now_us + 3_000 + 1_700 * kind)
        for pod in w.scheduler.queue.listing(Where.FLYING) if i % 3 == 0 else ():
            w.store.delete_pod(pod)  # gone while it is being scheduled
        if i % 3:
            for row in range(NODES):
                spec = node(f"n{row}", 2_000, 4 * GIB, gpus=row % 2, unschedulable=i % 3 == 1)
                w.store.update_node(row, spec)
        w.run(w.clock.now_us + 9_000 * kind)
    w.run(w.clock.now_us + 100 * SECOND)
    audit(w.cluster)
    return w


def told(w: World) -> list[object]:
    pods, measure = w.cluster.pods, w.scheduler.measure
    columns = (pods.node, pods.charged, pods.attempts, pods.scheduled_us, pods.bound_us, pods.phase)
    return [
        w.recorder.decisions.frame().rows(),
        *(list(column) for column in (*columns, measure.waits_us, measure.services_us)),
        w.cluster.nodes.dirty,
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_usual_end_is_the_general_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = story(seed)
    quick = []
    build = module.lander
    monkeypatch.setattr(module, "lander", lambda *_: lambda *_: bool(quick.append(1)))
    general = story(seed)
    monkeypatch.setattr(module, "lander", build)
    outcomes = usual.recorder.decisions.frame()["outcome"].cast(str).to_list()
    assert {"bound", "gone", "stale"} <= set(outcomes)
    assert len(quick) > 50
    assert told(usual) == told(general)
