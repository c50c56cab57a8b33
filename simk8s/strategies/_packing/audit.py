"""Recounts a placement from scratch and names whatever it breaks."""

from __future__ import annotations

import numpy as np

from simk8s.strategies._packing.instance import PackingInstance, Placement
from simk8s.strategies._packing.pods import Group, IntArray
from simk8s.strategies._packing.slots import Chosen


def violations(instance: PackingInstance, placement: Placement) -> list[str]:
    """Every invariant that the placement breaks, in words; empty if it can be carried out."""
    return [
        *_of_groups(instance, placement),
        *_of_resources(instance, placement),
        *_of_devices(instance, placement),
    ]


def _of_groups(instance: PackingInstance, placement: Placement) -> list[str]:
    found: list[str] = []
    totals = [0] * len(instance.groups)
    if list(placement.counts) != sorted(placement.counts):
        found.append("keys are not ascending")
    for (g, n), count in placement.counts.items():
        group = instance.groups[g]
        totals[g] += count
        if count <= 0:
            found.append(f"group {g} node {n}: count {count}")
        if group.allowed is not None and not group.allowed[n]:
            found.append(f"group {g} is not allowed on node {n}")
        if group.per_node is not None and count > group.per_node:
            found.append(f"group {g} node {n}: {count} pods, at most {group.per_node} may share it")
    over = [g for g, total in enumerate(totals) if total > instance.groups[g].count]
    return found + [
        f"group {g}: {totals[g]} pods placed of {instance.groups[g].count}" for g in over
    ]


def _of_resources(instance: PackingInstance, placement: Placement) -> list[str]:
    used = np.zeros_like(instance.free)
    for (g, n), count in placement.counts.items():
        used[:, n] += instance.groups[g].requests * count
    # As in Kubernetes, a node already over its limit refuses only what it is asked for.
    over = np.argwhere((used > instance.free) & (used > 0))
    return [f"node {n}: resource {r} overcommitted" for r, n in over.tolist()]


def _of_devices(instance: PackingInstance, placement: Placement) -> list[str]:
    found: list[str] = []
    used = np.zeros_like(instance.devices)
    for key, count in placement.counts.items():
        group, chosen = instance.groups[key[0]], placement.devices.get(key, ())
        if group.gpu is None:
            continue
        if len(chosen) != count:
            found.append(f"group {key[0]} node {key[1]}: devices of {len(chosen)} of {count} pods")
        found.extend(_take(used, group, key[1], chosen))
    stray = [key for key in placement.devices if key not in placement.counts]
    found.extend(f"devices without pods: {key}" for key in stray)
    over = np.argwhere(used > instance.devices)
    return found + [f"node {n}: device {d} overcommitted" for d, n in over.tolist()]


def _take(used: IntArray, group: Group, node: int, chosen: Chosen) -> list[str]:
    assert group.gpu is not None
    found = []
    for devices in chosen:
        if len(set(devices)) != group.gpu.devices or len(devices) != group.gpu.devices:
            found.append(f"node {node}: a pod got devices {devices}, wants {group.gpu.devices}")
        for device in devices:
            used[device, node] += group.gpu.milli
    return found
