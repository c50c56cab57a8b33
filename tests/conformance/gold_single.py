"""Golden single cases: one for each family, with the facts that reasoning alone gives.

A fact is a path into `expected` and its value; the rest of `expected` is what the implementation
said on the day it agreed with every recorded case of that family.
"""

from __future__ import annotations

from typing import Any

from tests.conformance.gold import (
    HOST,
    ZONE,
    Record,
    args,
    config,
    container,
    lines,
    near,
    node,
    pod,
    preferred,
    required,
    single,
    spread,
    term,
)

Gold = tuple[Record, dict[str, Any]]
AB = [node("a", zone="x"), node("b", zone="y")]
WEB = {"app": "web"}
GPU = "nvidia.com/gpu"


def _labelled(key: str, *values: str) -> Record:
    return lines((key, "In", list(values)))


CLAIM = {
    "metadata": {"name": "data", "namespace": "default"},
    "spec": {"storageClassName": "now", "resources": {"requests": {"storage": "1Gi"}}},
}

SINGLES: dict[str, Gold] = {
    "affinity_match_label_keys": (
        single(
            AB,
            pod(
                "new",
                labels={"app": "web", "hash": "2"},
                affinity=near("podAntiAffinity", term("web", matchLabelKeys=["hash"])),
            ),
            pod("one", on="a", labels={"app": "web", "hash": "1"}),
            pod("two", on="b", labels={"app": "web", "hash": "2"}),
        ),
        {"feasible": ["a"], "placement": "a"},
    ),
    "api_defaults": (
        single(AB, pod("new", containers=[container(None, None)], tolerations=[])),
        {"feasible": ["a", "b"], "argmax": ["a", "b"], "placement": "a"},
    ),
    "config_balanced": (
        single(
            [node("a", extended={GPU: "4"}), node("b", extended={GPU: "2"})],
            pod("new", containers=[container("1", "2Gi", extended={GPU: "1"})]),
            config=args(
                "NodeResourcesBalancedAllocation",
                resources=[{"name": "cpu", "weight": 1}, {"name": GPU, "weight": 1}],
            ),
        ),
        # On a 1/4 of both: 50 + 50/2. On b 1/4 and 1/2, the deviation is 1/8: 87 of 100 balance
        # instead of 100, 50 + (50 + 87 − 100) // 2.
        {"scores.NodeResourcesBalancedAllocation.raw": [75, 68]},
    ),
    "config_plugins": (
        single(
            [node("a", taints=[{"key": "k", "effect": "NoSchedule"}]), node("b", "500m")],
            pod("new"),
            config=config(
                plugins={
                    "filter": {"disabled": [{"name": "TaintToleration"}]},
                    "score": {"enabled": [{"name": "NodeResourcesFit", "weight": 7}]},
                }
            ),
        ),
        {"feasible": ["a"], "scores.NodeResourcesFit.weight": 7},
    ),
    "config_scoring": (
        single(
            AB,
            pod("new", "1", "1Gi"),
            pod("old", "2", "1Gi", on="b"),
            config=args(
                "NodeResourcesFit",
                scoringStrategy={"type": "MostAllocated", "resources": [{"name": "cpu"}]},
            ),
        ),
        {"scores.NodeResourcesFit.raw": [25, 75], "placement": "b"},
    ),
    "extended_resources": (
        single(
            [node("a", extended={GPU: "2"}), node("b", extended={GPU: "1"}), node("c")],
            pod("new", containers=[container(extended={GPU: "2"})]),
        ),
        {
            "feasible": ["a"],
            "filter.b.reasons": [f"Insufficient {GPU}"],
            "filter.b.code": "UnschedulableAndUnresolvable",
        },
    ),
    "failure_messages": (
        single(
            [
                node("a", "500m"),
                node("b", unschedulable=True),
                node("c", taints=[{"key": "k", "effect": "NoSchedule"}]),
            ],
            pod("new", "1", preemptionPolicy="Never"),
        ),
        {
            "filterMessage": "0/3 nodes are available: 1 Insufficient cpu, "
            "1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.",
            "message": "0/3 nodes are available: 1 Insufficient cpu, "
            "1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. "
            "no new claims to deallocate, "
            "preemption: not eligible due to preemptionPolicy=Never.",
        },
    ),
    "host_ports": (
        single(
            AB,
            pod("new", containers=[container(ports=[{"containerPort": 80, "hostPort": 80}])]),
            pod(
                "old",
                on="a",
                containers=[
                    container(ports=[{"containerPort": 80, "hostPort": 80, "hostIP": "10.0.0.1"}])
                ],
            ),
        ),
        {
            "feasible": ["b"],
            "filter.a.reasons": ["node(s) didn't have free ports for the requested pod ports"],
        },
    ),
    "image_locality": (
        single([node("a", images={"app:1": 523}), node("b")], pod("new")),
        # Half of 523 MiB, as one of two nodes has it, less 23: (261.5 − 23) / 977.
        {"scores.ImageLocality.raw": [24, 0], "placement": "a"},
    ),
    "init_sidecar_overhead": (
        single(
            [node("a", "2500m"), node("b", "2400m")],
            pod(
                "new",
                "1",
                initContainers=[
                    {**container("500m"), "name": "side", "restartPolicy": "Always"},
                    {**container("1500m"), "name": "once"},
                ],
                overhead={"cpu": "500m"},
            ),
        ),
        # max(1 + 0.5, 0.5 + 1.5) + 0.5
        {"feasible": ["a"]},
    ),
    "inplace_resize": (
        single(
            AB,
            pod("new", "3"),
            pod(
                "old",
                "1",
                on="a",
                status={
                    "containerStatuses": [
                        {"name": "c", "resources": {"requests": {"cpu": "2", "memory": "1Gi"}}}
                    ]
                },
            ),
        ),
        {"feasible": ["b"], "filter.a.reasons": ["Insufficient cpu"]},
    ),
    "match_fields": (
        single(
            AB,
            pod(
                "new",
                affinity=required(
                    {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]}
                ),
            ),
        ),
        {"preFilter.nodeNames": ["b"], "feasible": ["b"], "placement": "b"},
    ),
    "max_pods": (
        single([node("a", pods="1"), node("b", pods="1")], pod("new"), pod("old", on="a")),
        {"feasible": ["b"], "filter.a.reasons": ["Too many pods"]},
    ),
    "mixed": (
        single(
            [
                node("a", zone="x", labels={"disk": "ssd"}),
                node("b", zone="y", taints=[{"key": "k", "effect": "PreferNoSchedule"}]),
                node("c", zone="y", labels={"disk": "ssd"}, images={"app:1": 900}),
            ],
            pod(
                "new",
                labels=WEB,
                affinity=preferred((10, _labelled("disk", "ssd"))),
                topologySpreadConstraints=[spread("web", hard=False)],
            ),
            pod("old", on="a", labels=WEB),
        ),
        {"placement": "c", "scores.TaintToleration.normalized": [100, 0, 100]},
    ),
    "node_affinity": (
        single(
            [node("a", labels={"gen": "3"}), node("b", labels={"gen": "7"}), node("c")],
            pod("new", affinity=required(lines(("gen", "Gt", ["5"])))),
        ),
        {"feasible": ["b"]},
    ),
    "node_unschedulable": (
        single(
            [node("a", unschedulable=True), node("b", unschedulable=True)],
            pod(
                "new",
                tolerations=[{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}],
            ),
        ),
        {"feasible": ["a", "b"]},
    ),
    "nominated": (
        single(
            AB,
            pod("new", "3", priority=5),
            pod("waits", "3", priority=9, status={"nominatedNodeName": "a"}),
        ),
        {"feasible": ["b"], "filter.a.code": "Unschedulable"},
    ),
    "pod_affinity": (
        single(
            AB,
            pod("new", affinity=near("podAffinity", term("db", ZONE))),
            pod("db", on="b", labels={"app": "db"}),
        ),
        {"feasible": ["b"], "filter.a.reasons": ["node(s) didn't match pod affinity rules"]},
    ),
    "pod_affinity_first_pod": (
        single(
            [*AB, node("c")],
            pod("new", labels=WEB, affinity=near("podAffinity", term("web", ZONE))),
        ),
        {"feasible": ["a", "b"]},
    ),
    "pod_affinity_required_small": (
        single(
            AB,
            pod("new", labels=WEB),
            pod("old", on="a", affinity=near("podAffinity", term("web"))),
        ),
        {"scores.InterPodAffinity.raw": [1, 0], "scores.InterPodAffinity.normalized": [100, 0]},
    ),
    "pod_level_resources": (
        single(
            AB,
            pod("new", "1", resources={"requests": {"cpu": "3", "memory": "2Gi"}}),
            pod("old", "2", on="a"),
        ),
        {"feasible": ["b"]},
    ),
    "quantities": (
        single(
            [node("a", "0.5", "1G"), node("b", "500m", "953Mi")],
            pod("new", "500m", "1e9"),
        ),
        # 1e9 bytes are 953.67 MiB.
        {"feasible": ["a"], "filter.b.reasons": ["Insufficient memory"]},
    ),
    "resources_fit": (
        single(
            AB,
            pod("new", "3", "6Gi"),
            pod("old", "2", "4Gi", on="a"),
        ),
        {"feasible": ["b"], "filter.a.reasons": ["Insufficient cpu", "Insufficient memory"]},
    ),
    "resources_score": (
        single(AB, pod("new", "1", "2Gi"), pod("old", "1", "2Gi", on="a")),
        # a: half of both is left; b: three quarters.
        {"scores.NodeResourcesFit.raw": [50, 75], "placement": "b"},
    ),
    "spread_hard": (
        single(
            [*AB, node("c")],
            pod("new", labels=WEB, topologySpreadConstraints=[spread("web")]),
            pod("one", on="a", labels=WEB),
        ),
        {
            "feasible": ["b"],
            "filter.a.code": "Unschedulable",
            "filter.c.reasons": [
                "node(s) didn't match pod topology spread constraints (missing required label)"
            ],
        },
    ),
    "spread_mixed": (
        single(
            [*AB, node("a2", zone="x")],
            pod(
                "new",
                labels=WEB,
                topologySpreadConstraints=[spread("web", skew=2), spread("web", HOST, hard=False)],
            ),
            pod("one", on="a", labels=WEB),
        ),
        {"feasible": ["a", "a2", "b"], "scores.PodTopologySpread.normalized": [0, 100, 100]},
    ),
    "spread_soft": (
        single(
            AB,
            pod("new", labels=WEB, topologySpreadConstraints=[spread("web", hard=False)]),
            pod("one", on="a", labels=WEB),
            pod("two", on="a", labels=WEB, started=2),
        ),
        # Two pods × ln(2 + 2) = 2.77.
        {"scores.PodTopologySpread.raw": [3, 0], "scores.PodTopologySpread.normalized": [0, 100]},
    ),
    "spread_system_default": (
        single(
            AB,
            pod("new", labels=WEB),
            pod("one", on="a", labels=WEB),
            services=[
                {
                    "metadata": {"name": "web", "namespace": "default"},
                    "spec": {"selector": WEB},
                }
            ],
        ),
        # ln(4) + 2 for the host, ln(4) + 4 for the zone; without a pod 2 + 4.
        {"scores.PodTopologySpread.raw": [9, 6], "placement": "b"},
    ),
    "taints": (
        single(
            [
                node("a", taints=[{"key": "k", "value": "v", "effect": "NoExecute"}]),
                node("b", taints=[{"key": "k", "value": "w", "effect": "NoSchedule"}]),
                node("c", taints=[{"key": "soft", "effect": "PreferNoSchedule"}]),
            ],
            pod("new", tolerations=[{"key": "k", "operator": "Equal", "value": "v"}]),
        ),
        {
            "feasible": ["a", "c"],
            "filter.b.reasons": ["node(s) had untolerated taint(s)"],
            "scores.TaintToleration.normalized": [100, 0],
        },
    ),
    "terminal_pods": (
        single(
            [node("a")],
            pod("new", "4"),
            pod("done", "4", on="a", status={"phase": "Succeeded"}),
        ),
        {"feasible": ["a"]},
    ),
    "volumes": (
        single(
            AB,
            pod("new", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]),
            persistentVolumeClaims=[CLAIM],
            storageClasses=[
                {
                    "metadata": {"name": "now"},
                    "provisioner": "x",
                    "volumeBindingMode": "Immediate",
                }
            ],
        ),
        {
            "preFilter.code": "UnschedulableAndUnresolvable",
            "preFilter.plugin": "VolumeBinding",
            "filterMessage": "0/2 nodes are available: "
            "pod has unbound immediate PersistentVolumeClaims.",
        },
    ),
    "zero_request": (
        single(
            [node("a"), node("b")],
            pod("new", None, None),
            pod("full", "4", "8Gi", on="a"),
        ),
        {"feasible": ["a", "b"], "scores.NodeResourcesBalancedAllocation.skipped": True},
    ),
}
