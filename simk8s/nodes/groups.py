"""From a scenario's node groups to node specs.

Law: names, labels and zones depend on the group alone: `<group>-<number>`, zones in turn.

Mirrors: the well-known labels of v1.36 (hostname, zone, instance type, arch, os).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from simk8s.nodes.power import of_trace, told
from simk8s.nodes.profiles import HardwareProfile, profile
from simk8s.schema.labels import HOSTNAME_LABEL, INSTANCE_LABEL, RACK_LABEL, ZONE_LABEL
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import CPU, EPHEMERAL, GPU, MEMORY, PODS
from simk8s.state.selectors import Taint

if TYPE_CHECKING:
    from simk8s.catalog import CatalogLike
    from simk8s.scenario.schema import NodeGroup

GPU_MILLI = 1_000
MAX_PODS = 110
Written = Callable[[int], Iterable[NodeSpec]]


def node_specs(
    groups: list[NodeGroup],
    base: Path,
    catalog: CatalogLike,
    max_pods: int | None = None,
    taken: Mapping[str, int] | None = None,
    written: Written | None = None,
) -> Iterator[NodeSpec]:
    """Every node of the scenario, group by group; no kubelet takes more than `max_pods`.

    `taken` has how many numbers of a group are given away already; `written`, what the manifests
    of a group, by its index, say of nodes.
    """
    for spec in _all_specs(groups, base, catalog, dict(taken or {}), written or (lambda index: ())):
        pods = spec.allocatable[PODS]
        if max_pods is None or pods <= max_pods:
            yield spec
        else:
            yield replace(spec, allocatable={**spec.allocatable, PODS: max_pods})


def _all_specs(
    groups: list[NodeGroup],
    base: Path,
    catalog: CatalogLike,
    taken: dict[str, int],
    written: Written,
) -> Iterator[NodeSpec]:
    for index, group in enumerate(groups):
        if group.manifests is not None:
            yield from (_drawing(group, _as_group(group, spec)) for spec in written(index))
            continue
        if group.csv is not None:
            found = _from_file(group, base / group.csv, catalog)
            yield from (_drawing(group, spec) for spec in found)
            continue
        stem = stem_of(group)
        first = taken.get(stem, 0)
        taken[stem] = first + (group.count or 0)
        alike = _drawing(group, _alike(group, _machine(group)))
        for number in range(first, taken[stem]):
            name = f"{stem}-{number}"
            yield alike.named(name, _labels(group, alike, name, number))


def _drawing(group: NodeGroup, spec: NodeSpec) -> NodeSpec:
    """With what the group says of watts."""
    return spec if group.power is None else replace(spec, watts=told(spec, group.power))


def stem_of(group: NodeGroup) -> str:
    """What the names of a group's nodes begin with."""
    return group.name or (group.profile or "node").replace(".", "-").replace("_", "-").lower()


def _as_group(group: NodeGroup, spec: NodeSpec) -> NodeSpec:
    """A node of a manifest with what its group says of all of them."""
    labels = {HOSTNAME_LABEL: spec.name, **spec.labels, **group.labels}
    offered = {CPU: 0, MEMORY: 0, PODS: MAX_PODS, **spec.allocatable}
    return replace(
        spec,
        labels=labels,
        allocatable=offered,
        taints=(*spec.taints, *_taints(group)),
        gpu_count=offered.get(GPU, 0) // GPU_MILLI,
        profile=labels.get(INSTANCE_LABEL, ""),
        price_per_hour=group.price_per_hour,
        runtime=group.runtime or "",
        static_pods=tuple(group.static_pods),
    )


def _machine(group: NodeGroup) -> HardwareProfile:
    if group.profile is not None:
        return profile(group.profile)
    own = group.capacity
    assert own is not None, "a group has a profile, a capacity or a file"
    return HardwareProfile(
        name="custom",
        provider="bare-metal",
        cpu_milli=own.cpu,
        memory_bytes=own.memory,
        max_pods=own.pods,
        gpu_count=own.gpu,
        gpu_model=own.gpu_model,
        ephemeral_bytes=own.ephemeral_storage,
    )


def _alike(group: NodeGroup, machine: HardwareProfile) -> NodeSpec:
    """What the nodes of a group have in common."""
    offered = machine.allocatable()
    if group.reserved is not None:
        kept = group.reserved
        offered = machine.capacity()
        offered["cpu"] = max(0, offered["cpu"] - kept.cpu)
        offered["memory"] = max(0, offered["memory"] - kept.memory)
        left = offered["ephemeral-storage"] - kept.ephemeral_storage
        offered["ephemeral-storage"] = max(0, left)
    return NodeSpec(
        name="",
        labels={},
        allocatable={
            CPU: offered["cpu"],
            MEMORY: offered["memory"],
            EPHEMERAL: offered["ephemeral-storage"],
            PODS: offered["pods"],
            GPU: machine.gpu_count * GPU_MILLI,
        },
        taints=_taints(group),
        gpu_count=machine.gpu_count,
        gpu_model=machine.gpu_model or "",
        profile=machine.name,
        price_per_hour=(
            machine.price_per_hour if group.price_per_hour is None else group.price_per_hour
        ),
        boot_us=(machine.boot_us_p50, machine.boot_us_p99),
        runtime=group.runtime or "",
        static_pods=tuple(group.static_pods),
        capacity={
            CPU: machine.cpu_milli,
            MEMORY: machine.memory_bytes,
            EPHEMERAL: machine.ephemeral_bytes,
        },
    )


def _labels(group: NodeGroup, alike: NodeSpec, name: str, number: int) -> dict[str, str]:
    labels = {
        HOSTNAME_LABEL: name,
        INSTANCE_LABEL: alike.profile,
        "kubernetes.io/os": "linux",
    }
    if group.zones:
        labels[ZONE_LABEL] = group.zones[number % len(group.zones)]
    if group.racks:
        place = number // max(1, len(group.zones)) % group.racks
        labels[RACK_LABEL] = f"{labels.get(ZONE_LABEL, 'rack')}-{place}"
    return {**labels, **group.labels}


def _taints(group: NodeGroup) -> tuple[Taint, ...]:
    return tuple(Taint(t.key, t.value, t.effect) for t in group.taints)


def _from_file(group: NodeGroup, path: Path, catalog: CatalogLike) -> Iterator[NodeSpec]:
    importer = catalog.resolve("traces", group.format or "")
    for number, node in enumerate(importer.nodes(path, group.only)):  # type: ignore[attr-defined]
        labels = {HOSTNAME_LABEL: node.name, **node.labels, **group.labels}
        if group.zones:
            labels[ZONE_LABEL] = group.zones[number % len(group.zones)]
        spec = NodeSpec(
            name=node.name,
            labels=labels,
            allocatable={
                CPU: node.cpu_milli,
                MEMORY: node.memory_bytes,
                PODS: node.max_pods,
                GPU: node.gpu_count * GPU_MILLI,
            },
            taints=_taints(group),
            gpu_count=node.gpu_count,
            gpu_model=node.gpu_model or "",
            profile=node.gpu_model or "cpu",
            price_per_hour=group.price_per_hour,
            runtime=group.runtime or "",
            static_pods=tuple(group.static_pods),
        )
        yield replace(spec, watts=of_trace(spec)) if group.format == "openb" else spec
