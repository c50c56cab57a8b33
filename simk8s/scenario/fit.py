"""L1: could a pod of this template run on an empty node of any group?

Law: says no only when it is certain: an empty node of every group lacks a resource, does not match
the node selector or required affinity, or has a taint that is not tolerated. What is not known
here (nodes of a file, labels that a cloud would add) counts as possible.
Mirrors: NodeResourcesFit, NodeAffinity and TaintToleration on an empty node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simk8s import units
from simk8s.scenario.knowledge import Knowledge
from simk8s.scenario.podspec import GPU_RESOURCES, requests
from simk8s.scenario.schema import NodeGroup, Scenario, Taint
from simk8s.schema.labels import INSTANCE_LABEL, ZONE_LABEL


@dataclass(frozen=True, slots=True)
class Offer:
    """What one node of a group has for pods; None where nobody knows yet."""

    label: str
    allocatable: Mapping[str, int] | None
    labels: Mapping[str, Sequence[str]]
    taints: Sequence[Taint]
    # Labels that nodes get from elsewhere cannot be ruled out.
    open_labels: bool = False


def offers(scenario: Scenario, knowledge: Knowledge | None) -> list[Offer]:
    """One offer for each group that has nodes, now or later."""
    ever = [*scenario.nodes, *added_groups(scenario)]
    groups = [group for group in ever if group.count is None or group.count > 0]
    return [_offer(group, knowledge) for group in groups]


def added_groups(scenario: Scenario) -> list[NodeGroup]:
    """Node groups that join later, in the order of the entries."""
    return [entry.add_nodes for entry in scenario.timeline if entry.add_nodes is not None]


def _offer(group: NodeGroup, knowledge: Knowledge | None) -> Offer:
    labels: dict[str, Sequence[str]] = {key: [value] for key, value in group.labels.items()}
    labels.setdefault(ZONE_LABEL, group.zones)
    if group.profile is not None:
        labels.setdefault(INSTANCE_LABEL, [group.profile])
    label = group.profile or group.name or group.csv or "capacity"
    unknown = group.csv is not None or group.manifests is not None
    return Offer(label, _allocatable(group, knowledge), labels, group.taints, unknown)


def _allocatable(group: NodeGroup, knowledge: Knowledge | None) -> Mapping[str, int] | None:
    if group.capacity is not None:
        own = group.capacity
        amounts = {"cpu": own.cpu, "memory": own.memory, "pods": own.pods}
        amounts |= {"ephemeral-storage": own.ephemeral_storage, GPU_RESOURCES[0]: own.gpu}
        return _less_reserved(amounts, group)
    if group.profile is None or knowledge is None or group.profile not in knowledge.profiles():
        return None
    if group.reserved is None:
        return knowledge.allocatable(group.profile)
    return _less_reserved(knowledge.capacity(group.profile), group)


def _less_reserved(amounts: Mapping[str, int], group: NodeGroup) -> Mapping[str, int]:
    kept = group.reserved
    if kept is None:
        return amounts
    less = {"cpu": kept.cpu, "memory": kept.memory, "ephemeral-storage": kept.ephemeral_storage}
    return {name: max(0, amount - less.get(name, 0)) for name, amount in amounts.items()}


def never_fits(
    template: Mapping[str, Any], groups: Sequence[Offer], ignore: Sequence[str] = ()
) -> Iterator[str]:
    """One reason, naming the group that comes closest, when no group can ever take a pod."""
    if not groups:
        return
    wanted = {name: n for name, n in requests(template).items() if name not in ignore}
    reasons = []
    for offer in groups:
        found = list(_misfits(template, wanted, offer))
        if not found:
            return
        reasons.append((len(found), f"{', '.join(found)} ({offer.label})"))
    fewest = min(count for count, _ in reasons)
    yield next(text for count, text in reasons if count == fewest)


def _misfits(template: Mapping[str, Any], wanted: Mapping[str, int], offer: Offer) -> Iterator[str]:
    spec = template.get("spec") or {}
    for name, amount in wanted.items():
        if offer.allocatable is not None and amount > offer.allocatable.get(name, 0):
            has = _shown(name, offer.allocatable.get(name, 0))
            yield f"asks {name} {_shown(name, amount)}, the most for pods is {has}"
    for key, value in (spec.get("nodeSelector") or {}).items():
        if not _may_be(offer, key, [value]):
            yield f"nodeSelector {key}={value}"
    if not _affinity_ok(spec, offer):
        yield "required node affinity"
    for taint in offer.taints:
        if taint.effect != "PreferNoSchedule" and not _tolerated(spec, taint):
            yield f"taint {taint.key} is not tolerated"


def _shown(name: str, amount: int) -> str:
    if name == "cpu":
        return units.format_cpu(amount)
    return units.format_bytes(amount) if name in ("memory", "ephemeral-storage") else str(amount)


def _may_be(offer: Offer, key: str, values: Sequence[str]) -> bool:
    if key in offer.labels:
        return any(value in values for value in offer.labels[key])
    return offer.open_labels or _given_by_the_system(key)


def _given_by_the_system(key: str) -> bool:
    """Labels that every node carries, whose values are not known here (hostname, arch, os)."""
    domain = key.partition("/")[0]
    return domain == "kubernetes.io" or domain.endswith(".kubernetes.io")


def _affinity_ok(spec: Mapping[str, Any], offer: Offer) -> bool:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    terms = required.get("nodeSelectorTerms") or ()
    return any(
        all(_expression_ok(e, offer) for e in term.get("matchExpressions") or ())
        for term in terms
        if term.get("matchExpressions") or term.get("matchFields")
    )


def _expression_ok(expression: Mapping[str, Any], offer: Offer) -> bool:
    key, operator = expression["key"], expression["operator"]
    values = expression.get("values") or ()
    present = key in offer.labels and bool(offer.labels[key])
    if operator == "In":
        return _may_be(offer, key, values)
    if operator == "Exists":
        return present or offer.open_labels or _given_by_the_system(key)
    if operator == "DoesNotExist":
        return not present
    if operator == "NotIn":
        return not present or any(value not in values for value in offer.labels[key])
    return True  # Gt, Lt: not worth being wrong about


def _tolerated(spec: Mapping[str, Any], taint: Taint) -> bool:
    for toleration in spec.get("tolerations") or ():
        if toleration.get("effect") not in (None, "", taint.effect):
            continue
        key = toleration.get("key") or ""
        if key not in ("", taint.key):
            continue
        exists = toleration.get("operator") == "Exists"
        if exists or (key and (toleration.get("value") or "") == taint.value):
            return True
    return False
