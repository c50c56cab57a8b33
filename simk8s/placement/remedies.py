"""The smallest change that would have made a pod fit, in words.

For every node the fixes of all the filters that reject it are put together; the nodes with the
fewest fixes come first, then those whose shortage is the smallest share of what is asked for. A
remedy is about one node as it stands: carried out alone, that node takes the pod.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simk8s.placement._devices import binding, gpus, limits, restrictions, zone
from simk8s.placement._fix import Fix
from simk8s.placement._neighbours import Neighbours
from simk8s.placement.base import FilterPlugin, Query
from simk8s.placement.plugins.pod_topology_spread import PodTopologySpread
from simk8s.placement.view import View
from simk8s.state.resources import CPU, EPHEMERAL, MEMORY, PODS
from simk8s.state.selectors import PREFER_NO_SCHEDULE, NodeTerm, Requirement, Taint, tolerated
from simk8s.units import format_bytes

LOOKED_AT = 500
"""Nodes for which fixes are worked out."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to change for one node: how many fixes, how large, in words."""

    steps: int
    size: float
    node: str
    words: str
    kinds: tuple[str, ...]


Labels = Mapping[str, str]
Failures = Sequence[FilterPlugin]


def remedies(
    query: Query, view: View, failing: Sequence[tuple[int, Failures]], most: int = 3
) -> list[Remedy]:
    """The smallest remedies, at most one for each set of plugins. `failing`: node row and the
    filters that reject it.
    """
    found: dict[tuple[str, ...], Remedy] = {}
    near = Neighbours(query, view)
    for row, plugins in sorted(failing, key=lambda pair: (len(pair[1]), pair[0]))[:LOOKED_AT]:
        remedy = _remedy(query, view, row, plugins, near)
        known = found.get(remedy.kinds)
        if known is None or _order(remedy) < _order(known):
            found[remedy.kinds] = remedy
    return sorted(found.values(), key=_order)[:most]


def _order(remedy: Remedy) -> tuple[int, float, str]:
    return (remedy.steps, remedy.size, remedy.node)


def _remedy(query: Query, view: View, row: int, plugins: Failures, near: Neighbours) -> Remedy:
    node = view.nodes.specs[row].name
    fixes = [_fix(query, view, row, plugin, near) for plugin in plugins]
    words = " and ".join(fix.words for fix in fixes)
    return Remedy(
        steps=sum(fix.steps for fix in fixes),
        size=sum(fix.size for fix in fixes),
        node=node,
        words=f"{words} on node {node}" if fixes[-1].on_node else f"{words} (node {node})",
        kinds=tuple(plugin.name for plugin in plugins),
    )


def _fix(query: Query, view: View, row: int, plugin: FilterPlugin, near: Neighbours) -> Fix:
    special = _FIXES.get(plugin.name)
    found = special(query, view, row, plugin) if special is not None else None
    if plugin.name == "InterPodAffinity":
        found = near.fix(row)
    if found is not None:
        return found
    reasons = ", ".join(plugin.explain(query, view, row))
    return Fix(f"{plugin.name} to pass ({reasons})", on_node=False)


def _resources(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix | None:
    nodes, parts, size = view.nodes, [], 0.0
    said = plugin.explain(query, view, row)
    for resource, amount in query.requests.wanted:
        short = amount - int(nodes.free[resource, row])
        name = nodes.resources.names[resource]
        if short > 0 and ("Too many pods" if resource == PODS else f"Insufficient {name}") in said:
            ever = amount > int(nodes.allocatable[resource, row]) and resource != PODS
            parts.append(_amount(resource, short, name, ever))
            size += short / amount
    return Fix(" and ".join(parts), len(parts), size / len(parts)) if parts else None


def _amount(resource: int, short: int, name: str, ever: bool) -> str:
    if resource == PODS:
        return "room for one more pod"
    if resource == CPU:
        text = f"{short}m"
    elif resource in (MEMORY, EPHEMERAL):
        text = format_bytes(short)
    else:
        text = str(short)
    return f"{text} more {name} than there is at all" if ever else f"{text} more free {name}"


def _taints(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix | None:
    hostile = [
        taint
        for taint in view.nodes.specs[row].taints
        if taint.effect != PREFER_NO_SCHEDULE and not tolerated(query.template.tolerations, taint)
    ]
    if not hostile:
        return None
    words = " and ".join(_written(taint) for taint in hostile)
    return Fix(f"tolerate {words}", len(hostile), on_node=False)


def _written(taint: Taint) -> str:
    value = f"={taint.value}" if taint.value else ""
    return f"{taint.key}{value}:{taint.effect}"


def _cordon(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix:
    return Fix("uncordon it", on_node=False)


def _name(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix:
    return Fix(f"no spec.nodeName {query.template.node_name}", on_node=False)


def _labels(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix | None:
    """The lines of nodeSelector and of the nearest required term that do not hold."""
    spec, own = view.nodes.specs[row], query.template
    fields = {"metadata.name": spec.name}
    missing = [line for line in own.node_selector if not line.matches(spec.labels)]
    if own.required_nodes:
        options = [_unmet(term, spec.labels, fields) for term in own.required_nodes]
        fewest = min(len(lines) for lines in options)
        missing += next(lines for lines in options if len(lines) == fewest)
    elif own.required_nodes is not None:
        return None
    if not missing:
        return None
    words = " and ".join(_label(line) for line in missing)
    return Fix(words, len(missing))


def _unmet(term: NodeTerm, labels: Labels, fields: Labels) -> list[Requirement]:
    return [
        line for line in term.requirements if not line.matches(fields if line.is_field else labels)
    ]


def _label(line: Requirement) -> str:
    if line.is_field:
        return f"{line.key} {line.operator} [{', '.join(line.values)}] not asked for"
    match line.operator:
        case "In":
            return f"the label {line.key}={'|'.join(line.values)}"
        case "NotIn":
            return f"another value of the label {line.key} than {'|'.join(line.values)}"
        case "Exists":
            return f"the label {line.key}"
        case "DoesNotExist":
            return f"no label {line.key}"
    sign = ">" if line.operator == "Gt" else "<"
    return f"a label {line.key} {sign} {''.join(line.values)}"


def _ports(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix:
    taken = {
        port.port
        for pod in view.pods_on(row)
        for other in view.cluster.template_of(pod).ports
        for port in query.template.ports
        if port.conflicts(other)
    }
    words = ", ".join(str(port) for port in sorted(taken))
    return Fix(f"host port {words} free", max(1, len(taken)))


def _spread(query: Query, view: View, row: int, plugin: FilterPlugin) -> Fix | None:
    if not isinstance(plugin, PodTopologySpread):
        return None
    parts = []
    for constraint, skew in plugin.broken(query, view, row):
        key = constraint.topology_key
        parts.append(f"the label {key}" if skew is None else f"a maxSkew of {skew} for {key}")
    if not parts:
        return None
    return Fix(" and ".join(parts), len(parts), on_node=parts[-1].startswith("the label"))


_FIXES: dict[str, Callable[[Query, View, int, FilterPlugin], Fix | None]] = {
    "NodeResourcesFit": _resources,
    "TaintToleration": _taints,
    "NodeUnschedulable": _cordon,
    "NodeName": _name,
    "NodeAffinity": _labels,
    "NodePorts": _ports,
    "PodTopologySpread": _spread,
    "GpuShare": gpus,
    "NodeVolumeLimits": limits,
    "VolumeRestrictions": restrictions,
    "VolumeZone": zone,
    "VolumeBinding": binding,
}
