"""From a recording's header to a world: the same nodes, the same flags, nothing in it yet.

Law: everything comes from the header and from the nodes that the recording begins with; what they
do not say is as kube-controller-manager, kube-scheduler and profile `small` have it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from simk8s.catalog import Catalog
from simk8s.controllers._manager import SHIPPED
from simk8s.controllers._node_lifecycle_params import Params as NodeLifecycle
from simk8s.errors import Problem, UserError
from simk8s.scenario.load import Loaded, load
from simk8s.schema.labels import HOSTNAME_LABEL
from simk8s.simulation.build import Options, World, build
from simk8s.simulation.membership import join
from simk8s.state.nodeobjects import node_spec as spec_of
from simk8s.state.nodes import NodeSpec

Raw = Mapping[str, Any]
_WORKERS = {
    "deployment": "concurrent-deployment-syncs",
    "replicaset": "concurrent-replicaset-syncs",
    "job": "concurrent-job-syncs",
}
_NODE_FLAGS = {
    "node-monitor-period": "monitorPeriod",
    "node-monitor-grace-period": "monitorGracePeriod",
    "node-eviction-rate": "evictionRate",
    "secondary-node-eviction-rate": "secondaryEvictionRate",
    "large-cluster-size-threshold": "largeClusterSizeThreshold",
    "unhealthy-zone-threshold": "unhealthyZoneThreshold",
}
_SERVER_FLAGS = {
    "max-requests-inflight": "maxRequestsInflight",
    "max-mutating-requests-inflight": "maxMutatingRequestsInflight",
}
NEIGHBOURS_US = 3000
"""What etcd, kube-controller-manager, kube-scheduler, kubelets and the recorder spend of the two
cores that they share with kube-apiserver, for each change: measured by the load marks of E1, E2, E3
and E5, where a change costs 5.0 to 6.2 ms in all and kube-apiserver's half of it 2.5 to 3.1 ms.
"""
KUBELET_LABELS = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
"""What a kubelet writes on its node when it registers."""
_TIMES = {"garbage_collector": (2, 1), "namespace": (20, 100)}
"""Controllers whose client has a multiple of the QPS and burst."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a header says."""

    qps: float
    burst: int
    flags: Mapping[str, str]
    """kube-controller-manager's."""
    server: Mapping[str, str]
    """kube-apiserver's."""
    scheduler: Mapping[str, Any]
    """A KubeSchedulerConfiguration."""
    start_us: int
    stop_us: int


def settings_of(header: Raw) -> Settings:
    """Read a header; what it leaves out is as by default."""
    flags: Raw = header.get("flags") or {}
    manager = _parsed(flags.get("kcm") or ())
    told = header.get("kcm_qps") or (20, 30)
    scheduler = dict(header.get("scheduler_config") or {})
    scheduler.setdefault("apiVersion", "kubescheduler.config.k8s.io/v1")
    scheduler.setdefault("kind", "KubeSchedulerConfiguration")
    if "clientConnection" not in scheduler and header.get("sched_qps"):
        qps, burst = header["sched_qps"]
        scheduler["clientConnection"] = {"qps": qps, "burst": burst}
    fake: Raw = header.get("fake_kubelet") or {}
    return Settings(
        float(manager.get("kube-api-qps", told[0])),
        int(manager.get("kube-api-burst", told[1])),
        manager,
        _parsed(flags.get("apiserver") or ()),
        scheduler,
        round(1e6 * float(fake.get("start_delay_s", 0.5))),
        round(1e6 * float(fake.get("delete_delay_s", 0.2))),
    )


def monitor_us(settings: Settings) -> tuple[int, int]:
    """Period and grace period of the node monitor."""
    given = {k: v for k, v in _controller("node_lifecycle", settings).items() if k != "name"}
    params = NodeLifecycle.model_validate(given)
    return params.monitor_period, params.monitor_grace_period


def _parsed(words: Iterable[str]) -> dict[str, str]:
    """`--flag=value` as a mapping."""
    pairs = (word.lstrip("-").partition("=") for word in words if word.startswith("-"))
    return {name: value for name, _, value in pairs}


def build_world(
    header: Raw, nodes: list[Raw], horizon_us: int, seed: int = 1, origin_ms: float = 0.0
) -> tuple[World, Loaded]:
    """A world as the header says, with its nodes, and the scenario behind it; its clock begins at
    `origin_ms` (unix).
    """
    settings = settings_of(header)
    with TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "scheduler.json").write_text(json.dumps(settings.scheduler), "utf-8")
        text = json.dumps(_scenario(settings, horizon_us, origin_ms))
        loaded = load(base / "replay.json", catalog=Catalog(base), text=text)
        world = build(loaded, seed=seed, horizon_us=horizon_us, options=Options())
    for raw in nodes:
        try:
            add_node(world, raw)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            text = f"not a node: {type(error).__name__} {error}"
            raise UserError(Problem("E107", text)) from error
    return world, loaded


def _scenario(settings: Settings, horizon_us: int, origin_ms: float) -> dict[str, Any]:
    controllers = {name: _controller(name, settings) for name in SHIPPED}
    controllers["cronjob"]["start"] = datetime.fromtimestamp(origin_ms // 1000, UTC).isoformat()
    server = {
        ours: int(settings.server[flag])
        for flag, ours in _SERVER_FLAGS.items()
        if settings.server.get(flag)
    }
    return {
        "apiVersion": "simk8s/v1",
        "name": "replay",
        "duration": f"{horizon_us}us",
        "strategy": {"name": "kube_scheduler", "config": "scheduler.json"},
        "controllers": controllers,
        "controlPlane": {
            "profile": "small",
            "apiServer": {"neighbours": f"{NEIGHBOURS_US}us", **server},
            "kubelet": fake_kubelet(settings.start_us, settings.stop_us),
        },
    }


def fake_kubelet(start_us: int, stop_us: int) -> dict[str, Any]:
    """`controlPlane.kubelet` of a kubelet that only waits: the one place that says how."""

    return {"fake": {"start": f"{start_us}us", "stop": f"{stop_us}us"}}


def _controller(name: str, settings: Settings) -> dict[str, Any]:
    qps, burst = _TIMES.get(name, (1, 1))
    found: dict[str, Any] = {"name": name}
    found |= {"qps": qps * settings.qps, "burst": burst * settings.burst}
    workers = settings.flags.get(_WORKERS.get(name, ""))
    if workers:
        found["workers"] = int(workers)
    if name == "node_lifecycle":
        for flag, ours in _NODE_FLAGS.items():
            value = settings.flags.get(flag)
            if value:
                found[ours] = value if ours.endswith("Period") else float(value)
        if "largeClusterSizeThreshold" in found:
            found["largeClusterSizeThreshold"] = int(found["largeClusterSizeThreshold"])
    return found


def add_node(world: World, raw: Raw) -> int:
    """Register a node and its kubelet; its row."""
    return join(world, node_spec(world, raw))


def node_spec(world: World, raw: Raw) -> NodeSpec:
    """A Node object's spec; every node has the label with its name."""
    found = spec_of(raw, world.cluster.resources)
    return replace(found, labels={HOSTNAME_LABEL: found.name, **KUBELET_LABELS, **found.labels})
