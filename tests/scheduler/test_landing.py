"""The usual end of a cycle is the general one: stories with and without it are the same."""

from __future__ import annotations

import pytest

from simk8s.placement.framework import Framework, Profile
from simk8s.placement.view import View
from simk8s.record.measure import Measure
from simk8s.record.recorder import Recorder
from simk8s.scheduler import scheduler as module
from simk8s.scheduler.hints import Hints
from simk8s.scheduler.landing import lander
from simk8s.scheduler.ledger import Ledger
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.scheduler.queued import Where
from simk8s.scheduler.timing import CycleTimes
from simk8s.state.audit import audit
from simk8s.state.cluster import Cluster
from simk8s.strategies.base import Assignment, Plan, Solve
from tests.steady import steady
from tests.world import GIB, SECOND, World, add_pod, node, pod_manifest, query, world

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


SOLVED = Solve(1, "OPTIMAL", 1.0, 1.0, 0.0, 1.0, 0.1)


@pytest.mark.parametrize("odd", ["nothing", "devices", "evictions", "solve", "leaving", "plain"])
def test_what_is_special_is_left_to_the_general_end(odd: str) -> None:
    cluster, sent = Cluster(), []
    row = cluster.nodes.add(node("n", 2_000, 4 * GIB))
    manifest = pod_manifest(None if odd == "plain" else "100m", "128Mi")
    asked = query(cluster, add_pod(cluster, cluster.templates.parse(manifest, "default")))
    hints = Hints(lambda _: Framework.of(Profile()), View(cluster))
    queue = SchedulingQueue(hints)
    queue.add(asked, 0)
    queued = queue.pop(0)
    assert queued is not None
    recorder = Recorder()
    ledger = Ledger(recorder, cluster, "test", Measure("test"))
    land = lander(cluster, queue, ledger, lambda *args: sent.append(args))
    plan = Plan([Assignment(asked.pod, row, 1, 1, 1 if odd == "devices" else None)])
    if odd == "evictions":
        plan.evictions = (7,)
    if odd == "solve":
        plan.solve = SOLVED
    if odd == "leaving":
        cluster.pods.deletion_us[asked.pod] = 5
    done = land(1, (0, queued, plan, 1, len(cluster.nodes.dirty)))
    assert done is (odd == "nothing")
    assert sent == ([(queued, row)] if done else [])
    assert cluster.charged == len(recorder.decisions) == cluster.pods.attempts[asked.pod] == done
