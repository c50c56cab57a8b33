"""Golden preemption cases, sequences and queue traces: one for each family, with facts."""

from __future__ import annotations

from typing import Any

from tests.conformance.gold import (
    HOST,
    ZONE,
    Record,
    args,
    at,
    container,
    near,
    node,
    pod,
    schedule,
    sequence,
    single,
    spread,
    term,
    trace,
)

Gold = tuple[Record, dict[str, Any]]
WEB = {"app": "web"}
GPU = "nvidia.com/gpu"
AB = [node("a", zone="x"), node("b", zone="y")]


def displace(nodes: list[Record], new: Record, *pods: Record, **more: Any) -> Record:
    """A preemption case."""
    return {**single(nodes, new, *pods, **more), "kind": "preemption"}


def _budget(name: str, app: str, allowed: int) -> Record:
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": app}}},
        "status": {"disruptionsAllowed": allowed},
    }


PREEMPTIONS: dict[str, Gold] = {
    "preempt_anti_affinity": (
        displace(
            [AB[0]],
            pod("new", priority=9, affinity=near("podAntiAffinity", term("web"))),
            pod("low", on="a", labels=WEB),
            pod("other", on="a", started=2),
        ),
        {"preemption.victims": ["default/low"], "preemption.nominated": "a"},
    ),
    "preempt_basic": (
        displace(
            AB,
            pod("new", "2", priority=9),
            pod("low", "3", on="a", priority=1),
            pod("lower", "3", on="b"),
        ),
        {"preemption.best": ["b"], "preemption.victims": ["default/lower"]},
    ),
    "preempt_gpu": (
        displace(
            [node("a", extended={GPU: "2"})],
            pod("new", priority=9, containers=[container(extended={GPU: "1"})]),
            pod("one", on="a", containers=[container(extended={GPU: "1"})]),
            pod("two", on="a", containers=[container(extended={GPU: "1"})], started=2),
        ),
        # The one that started later is less important.
        {"preemption.victims": ["default/two"]},
    ),
    "preempt_hostname_anti": (
        displace(
            AB,
            pod("new", priority=9, affinity=near("podAntiAffinity", term("web", HOST))),
            pod("low", on="a", labels=WEB),
            pod("high", on="b", labels=WEB, priority=10),
        ),
        {"preemption.nominated": "a", "preemption.victims": ["default/low"]},
    ),
    "preempt_maxpods": (
        displace([node("a", pods="1")], pod("new", priority=9), pod("low", on="a")),
        {"filter.a.reasons": ["Too many pods"], "preemption.victims": ["default/low"]},
    ),
    "preempt_mixed": (
        displace(
            [*AB, node("c", "1", taints=[{"key": "k", "effect": "NoSchedule"}])],
            pod("new", "3", priority=9),
            pod("one", "1", on="a", priority=1),
            pod("two", "1", on="a", started=2),
            pod("three", "2", on="b"),
            pod("four", "2", on="b", started=2),
        ),
        # a keeps the more important one; on b, too, one goes.
        {"preemption.potentialNodes": ["a", "b"], "preemption.best": ["a"]},
    ),
    "preempt_never": (
        displace(
            [AB[0]], pod("new", "4", priority=9, preemptionPolicy="Never"), pod("low", on="a")
        ),
        {
            "preemption.nominated": None,
            "message": "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
            "preemption: not eligible due to preemptionPolicy=Never.",
        },
    ),
    "preempt_nominated_others": (
        displace(
            AB,
            pod("new", "3", priority=5),
            pod("waits", "3", priority=9, status={"nominatedNodeName": "a"}),
            pod("low", "2", on="b"),
        ),
        {"preemption.best": ["b"], "filter.a.code": "Unschedulable"},
    ),
    "preempt_nominated_self": (
        displace(
            [AB[0]],
            pod("new", "4", priority=9, status={"nominatedNodeName": "a"}),
            pod(
                "low",
                on="a",
                meta={"deletionTimestamp": "2026-01-01T00:10:00Z"},
                status={
                    "conditions": [
                        {
                            "type": "DisruptionTarget",
                            "status": "True",
                            "reason": "PreemptionByScheduler",
                        }
                    ]
                },
            ),
        ),
        {
            "message": "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
            "preemption: not eligible due to a terminating pod on the nominated node.",
        },
    ),
    "preempt_pdbs": (
        displace(
            AB,
            pod("new", "3", priority=9),
            pod("kept", "3", on="a", labels={"app": "kept"}),
            pod("free", "3", on="b", priority=5),
            podDisruptionBudgets=[_budget("p", "kept", 0)],
        ),
        # No violation is worth more than a lower priority.
        {"preemption.best": ["b"], "preemption.victims": ["default/free"]},
    ),
    "preempt_ports": (
        displace(
            [AB[0]],
            pod(
                "new",
                priority=9,
                containers=[container(ports=[{"containerPort": 1, "hostPort": 1}])],
            ),
            pod("low", on="a", containers=[container(ports=[{"containerPort": 1, "hostPort": 1}])]),
            pod("other", on="a", started=2),
        ),
        {"preemption.victims": ["default/low"]},
    ),
    "preempt_spread": (
        displace(
            [AB[0], node("b", "500m", zone="y")],
            pod("new", labels=WEB, priority=9, topologySpreadConstraints=[spread("web")]),
            pod("low", on="a", labels=WEB),
        ),
        {"preemption.nominated": "a", "preemption.victims": ["default/low"]},
    ),
    "preempt_ties": (
        displace(AB, pod("new", "4", priority=9), pod("one", on="a"), pod("two", on="b")),
        {"preemption.best": ["a", "b"], "preemption.nominated": "a"},
    ),
    "preempt_unresolvable": (
        displace(
            [node("a", "1"), node("b", unschedulable=True)],
            pod("new", "2", priority=9),
            pod("low", "500m", on="a"),
        ),
        {
            "preemption.nominated": None,
            "message": "0/2 nodes are available: 1 Insufficient cpu, "
            "1 node(s) were unschedulable. no new claims to deallocate, preemption: "
            "0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
        },
    ),
}


def _apart(name: str) -> Record:
    return pod(name, labels=WEB, affinity=near("podAntiAffinity", term("web", ZONE)))


def _even(name: str) -> Record:
    return pod(name, "100m", labels=WEB, topologySpreadConstraints=[spread("web")])


SEQUENCES: dict[str, Gold] = {
    "seq_affinity": (
        sequence(AB, *(schedule(_apart(f"p{i}")) for i in range(3))),
        {"steps.0.placement": "a", "steps.1.placement": "b", "steps.2.placement": None},
    ),
    "seq_churn": (
        sequence(
            [node("a")],
            schedule(pod("one", "3")),
            {"op": "terminate", "ref": "default/one"},
            schedule(pod("two", "3")),
            {"op": "delete", "ref": "default/one"},
            schedule(pod("three", "3")),
            {"op": "updateNode", "node": node("a", "8")},
            schedule(pod("four", "3")),
            {"op": "removeNode", "ref": "a"},
            schedule(pod("five")),
        ),
        {"steps.2.placement": None, "steps.4.placement": "a", "steps.6.placement": "a"},
    ),
    "seq_config": (
        sequence(
            AB,
            *(schedule(pod(f"p{i}")) for i in range(3)),
            config=args("NodeResourcesFit", scoringStrategy={"type": "MostAllocated"}),
        ),
        {"steps.0.argmax": ["a", "b"]},
    ),
    "seq_full": (
        sequence([node("a", "2"), node("b", "1")], *(schedule(pod(f"p{i}")) for i in range(4))),
        {
            "steps.3.placement": None,
            "steps.3.message": "0/2 nodes are available: 2 Insufficient cpu.",
        },
    ),
    "seq_long": (
        sequence(AB, *(schedule(pod(f"p{i}", "300m", "100Mi")) for i in range(18))),
        {"steps.0.placement": "a", "steps.1.placement": "b", "steps.17.feasibleCount": 2},
    ),
    "seq_mixed": (
        sequence(
            [*AB, node("c", zone="x", labels={"disk": "ssd"})],
            schedule(pod("one", nodeSelector={"disk": "ssd"})),
            schedule(_even("two")),
            schedule(_apart("three")),
            schedule(pod("four", "4")),
        ),
        {"steps.0.placement": "c", "steps.2.feasibleCount": 1},
    ),
    "seq_plain": (
        sequence(AB, schedule(pod("one")), schedule(pod("two")), schedule(pod("three"))),
        {"steps.0.placement": "a", "steps.1.placement": "b", "steps.2.argmax": ["a", "b"]},
    ),
    "seq_preempt": (
        sequence(
            [node("a")],
            schedule(pod("low", "3")),
            schedule(pod("high", "3", priority=9)),
            schedule(pod("low2", "3")),
            preemption=True,
        ),
        {
            "steps.1.placement": "a",
            "steps.1.preemption.victims": ["default/low"],
            "steps.2.placement": None,
        },
    ),
    "seq_sampling": (
        sequence(
            [],
            *({"op": "addNode", "node": node(f"n{i:03}", zone="xyz"[i % 3])} for i in range(120)),
            *(schedule(pod(f"p{i}")) for i in range(3)),
            percentageOfNodesToScore=0,
        ),
        # 50 % of 120, but at least 100; the next search goes on behind them.
        {
            "steps.120.evaluated": 100,
            "steps.120.nextStartNodeIndex": 100,
            "steps.121.nextStartNodeIndex": 80,
            "steps.122.nextStartNodeIndex": 60,
        },
    ),
    "seq_spread": (
        sequence(AB, *(schedule(_even(f"p{i}")) for i in range(4))),
        {"steps.1.feasibleCount": 1, "steps.2.feasibleCount": 2, "steps.3.feasibleCount": 1},
    ),
    "seq_system_spread": (
        {
            **sequence(AB, *(schedule(pod(f"p{i}", labels=WEB)) for i in range(3))),
            "objects": {
                "nodes": AB,
                "services": [
                    {
                        "metadata": {"name": "web", "namespace": "default"},
                        "spec": {"selector": WEB},
                    }
                ],
            },
        },
        {"steps.0.placement": "a", "steps.1.placement": "b"},
    ),
}


def _new(name: str, cpu: str = "3", **more: Any) -> Record:
    return pod(name, cpu, preemptionPolicy="Never", **more)


TRACES: dict[str, Gold] = {
    "trace_affinity": (
        trace(
            AB,
            30,
            at(0.5, "addPod", _new("web", "1", affinity=near("podAffinity", term("db", ZONE)))),
            at(5.5, "addPod", _new("other", "1")),
            at(9.5, "addPod", _new("db", "1", labels={"app": "db"})),
        ),
        # Only the pod that its affinity means wakes it.
        {"attempts.0.placement": None, "attempts.3.pod": "default/web", "attempts.3.attempt": 2},
    ),
    "trace_flush": (
        trace([node("a", "1")], 400, at(0.5, "addPod", _new("big"))),
        # More than 5 minutes after 0.5 s, seen at the half minute; the queue is idle.
        {"attempts.1.t": 330.0, "unschedulableAtEnd": ["default/big"]},
    ),
    "trace_nodes": (
        trace(
            [node("a", "1")],
            60,
            at(0.5, "addPod", _new("big")),
            at(10.5, "addNode", node("b", "2")),
            at(20.5, "updateNode", node("b", "4")),
        ),
        # A node that is too small is no help.
        {"attempts.1.t": 20.5, "attempts.1.placement": "b"},
    ),
    "trace_plain": (
        trace(
            [node("a")],
            60,
            at(0.5, "addPod", _new("one")),
            at(1.5, "addPod", _new("two")),
            at(2.5, "addPod", _new("first", priority=9)),
            at(10.5, "deletePod", "default/one"),
            every=0.25,
        ),
        # The more important one gets the room.
        {
            "attempts.0.placement": "a",
            "attempts.3.pod": "default/first",
            "attempts.3.placement": "a",
            "unschedulableAtEnd": ["default/two"],
        },
    ),
}
