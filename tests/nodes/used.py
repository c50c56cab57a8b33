"""Kubelets without chance that measure what pods use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from simk8s.kernel.streams import Streams, counter_hash
from simk8s.nodes.loads import Load
from simk8s.nodes.settings import EvictionSettings, UsageSettings
from simk8s.nodes.usage import NodeUsage
from simk8s.nodes.usage_curves import CurveMaker
from simk8s.scenario.annotations import PREFIX
from simk8s.scenario.usage import from_annotations
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import CPU, EPHEMERAL, MEMORY, PODS
from tests.nodes.exact import EXACT
from tests.world import GIB, World, world

MIB = 1 << 20
MINUTE, HOUR = 60_000_000, 3_600_000_000
SEED = 7
PLAIN = UsageSettings()
EVICTION = EvictionSettings()


def metered(
    settings: UsageSettings = PLAIN,
    *,
    cpu: int = 4_000,
    memory: int = 8 * GIB,
    disk: int = 100 * GIB,
    nodes: int = 1,
    spared: int = 100 * MIB,
    **eviction: Any,
) -> tuple[World, NodeUsage]:
    """A cluster of nodes whose capacity is `spared` above what is allocatable."""
    if eviction:
        settings = replace(settings, eviction=replace(settings.eviction, **eviction))
    w = world(pod_times=EXACT)
    known: dict[int, Any] = {}

    def of(row: int) -> Any:
        number = w.cluster.pods.template[row]
        if number not in known:
            notes = w.cluster.template_of(row).annotations
            known[number] = from_annotations(notes, PREFIX)
        return known[number]

    usage = NodeUsage(
        w.clock,
        w.store,
        w.kubelets.client_of,
        settings,
        of,
        CurveMaker(Streams(SEED), Path()),
        w.kubelets.kills(),
        SEED,
    )
    w.kubelets.measure(usage)
    amounts = {CPU: cpu, MEMORY: memory, EPHEMERAL: disk, PODS: 110}
    has = {CPU: cpu, MEMORY: memory + spared, EPHEMERAL: disk}
    for number in range(nodes):
        w.add_node(NodeSpec(f"n{number}", {}, amounts, capacity=has))
    return w, usage


def pod(
    requests: dict[str, str] | None = None,
    limits: dict[str, str] | None = None,
    *,
    restart: str = "Always",
    labels: dict[str, str] | None = None,
    **usage: str,
) -> dict[str, Any]:
    """A template with one container; `memory="1Gi"` is the annotation `memory-usage`."""
    names = {"cpu": "cpu-usage", "memory": "memory-usage", "pids": "pids-usage"}
    names |= {"disk": "ephemeral-storage-usage", "work": "cpu-work"}
    notes = {PREFIX + names[key]: value for key, value in usage.items() if key in names}
    more = {key: value for key, value in usage.items() if key not in names}
    resources: dict[str, Any] = {}
    if requests:
        resources["requests"] = requests
    if limits:
        resources["limits"] = limits
    spec = {"containers": [{"name": "main", "resources": resources}], "restartPolicy": restart}
    return {"metadata": {"annotations": notes, "labels": labels or {}}, "spec": {**spec, **more}}


def look_us(t_us: int, node: int = 0, settings: EvictionSettings = EVICTION) -> int:
    """The first look of a node's eviction manager at or after an instant."""
    first = int(settings.interval_us * counter_hash(SEED, 5, node))
    return t_us + (first - t_us) % settings.interval_us


def status_us(t_us: int, node: int = 0) -> int:
    """The next node status at or after an instant."""
    period = 10_000_000
    return t_us + (int(period * counter_hash(SEED, 6, node)) - t_us) % period


def load_of(usage: NodeUsage, node: int = 0) -> Load:
    """What is known of a node."""
    return usage.load(node)
