"""What would mend a shortage of GPUs, or a claim or disk that a node cannot have."""

from __future__ import annotations

from collections.abc import Iterator

from simk8s.placement._fix import NAMED, Fix, both, listed
from simk8s.placement.base import FilterPlugin, Query
from simk8s.placement.plugins import _claims
from simk8s.placement.plugins.node_volume_limits import attached, crowded
from simk8s.placement.plugins.volume_binding import refusals, waits
from simk8s.placement.plugins.volume_restrictions import holders
from simk8s.placement.plugins.volume_zone import elsewhere
from simk8s.placement.view import View
from simk8s.state.volumes import Claim, Volume
from simk8s.units import format_bytes


def gpus(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix | None:
    """How much is short on the devices that are nearest to enough."""
    nodes, gpu = view.nodes, query.requests.gpu
    there = int(nodes.gpu_count[row])
    if gpu.models is not None and there and nodes.specs[row].gpu_model not in gpu.models:
        return Fix(f"a GPU model of {'|'.join(sorted(gpu.models))}")
    if there < gpu.count:
        more = gpu.count - there
        return Fix(f"{more} more GPU{'s' * (more > 1)} than there are at all", more)
    free = nodes.gpu_free[:there, row].tolist()
    order = sorted(range(there), key=lambda device: (-free[device], device))
    short = [d for d in order[: gpu.count] if free[d] < gpu.milli]
    if not short:
        return None
    parts = [f"{gpu.milli - free[d]} milli-GPU more free on device {d}" for d in short[:NAMED]]
    if len(short) > NAMED:
        parts.append(f"as much on {len(short) - NAMED} more devices")
    size = sum(gpu.milli - free[d] for d in short) / (gpu.milli * len(short))
    return Fix(" and ".join(parts), len(short), size)


def limits(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix | None:
    """Volumes too many, by driver."""
    allowed = view.volumes.limits.get(view.nodes.specs[row].name, {})
    wanted = attached(query.template, query.pod, view)
    return both(
        [
            Fix(
                f"{over} fewer volume{'s' * (over > 1)} of {driver} "
                f"(it attaches {allowed[driver]} at most)",
                over,
            )
            for driver, over in crowded(wanted, row, allowed, view).items()
        ]
    )


def restrictions(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix | None:
    """Who holds a disk on the node, or a claim that one pod alone may have."""
    fixes = []
    for what, pods in holders(query, view, row).items():
        names = [f"{view.cluster.template_of(p).namespace}/{view.cluster.name_of(p)}" for p in pods]
        words = f"{listed(names, len(pods))} gone (using {what})"
        fixes.append(Fix(words, len(pods), float(len(pods)), on_node=False))
    return both(fixes)


def zone(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix | None:
    """Which claim's volume is in another zone or region."""
    fixes = []
    for claim, label, places, own in elsewhere(query, view, row):
        where = "|".join(sorted(place for place in places if place))
        words = f"volume {claim.volume} of claim {claim.name} in {label}={own} instead of {where}"
        fixes.append(Fix(words, on_node=False))
    return both(fixes)


def binding(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix | None:
    """What each claim that cannot be had on the node lacks."""
    found = refusals(_claims.found(query, view), view.nodes.specs[row], view.volumes)
    return both([_bindable(claim, why, view) for claim, why in found])


def unbound(query: Query, view: View) -> str:
    """Which claims must be bound before any node is looked at; "" if nothing else is amiss."""
    if _claims.flaw(query, view) is not None:
        return ""
    names = [
        f"{claim.name} (class {claim.storage_class or 'none'})"
        for claim in _claims.found(query, view)
        if not claim.bound and not waits(claim, view.volumes)
    ]
    return f"a volume bound to claim {listed(names, len(names))}" if names else ""


def _bindable(claim: Claim, why: str, view: View) -> Fix:
    volume = view.volumes.volumes.get(claim.volume)
    if why == "lost":
        return Fix(f"volume {claim.volume} of claim {claim.name} to exist", on_node=False)
    if why == "unreached":
        held = " or ".join(_terms(volume)) if volume is not None else ""
        words = f"volume {claim.volume} of claim {claim.name} to be within reach ({held})"
        return Fix(words, on_node=False)
    if why == "elsewhere":
        words = f"claim {claim.name} not promised to node {claim.selected_node}"
        return Fix(words, on_node=False)
    size, storage = format_bytes(claim.size), claim.storage_class or '""'
    if why == "room":
        return Fix(f"{size} of storage class {storage} for claim {claim.name}")
    words = f"a free volume of class {storage} with at least {size} for claim {claim.name}"
    return Fix(f"{words}, or a class that provisions there" if why == "topology" else words)


def _terms(volume: Volume) -> Iterator[str]:
    for term in volume.node_terms or ():
        lines = [f"{line.key}={'|'.join(line.values)}" for line in term.requirements]
        yield " and ".join(lines)
