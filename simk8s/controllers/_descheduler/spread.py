"""RemovePodsViolatingTopologySpreadConstraint: level out domains that differ by more than maxSkew.

Law: from a domain above the mean to one below it, never past the mean, as many as needed.

Mirrors: sigs.k8s.io/descheduler v0.34 plugins/removepodsviolatingtopologyspreadconstraint
(balanceDomains, sortDomains).
"""

from __future__ import annotations

import math

from simk8s.controllers._descheduler.round import Round
from simk8s.controllers._descheduler_params import TopologySpread
from simk8s.state.affinity import NO_AFFINITY, SpreadConstraint
from simk8s.state.pods import NEVER

POLICY = "RemovePodsViolatingTopologySpreadConstraint"
Domains = dict[str, list[int]]


def topology_spread(turn: Round, params: TopologySpread) -> None:
    """For every constraint of every namespace."""
    chosen: dict[int, None] = {}
    for namespace, constraint in _constraints(turn, params):
        domains = _domains(turn, namespace, constraint)
        sizes = [len(pods) for pods in domains.values()]
        if sizes and max(sizes) - min(sizes) > constraint.max_skew:
            _balance(turn, constraint, domains, chosen, fit=params.topology_balance_node_fit)
    for pod in chosen:
        if turn.leavable(pod):
            turn.evict(pod, POLICY)


def _constraints(turn: Round, params: TopologySpread) -> list[tuple[str, SpreadConstraint]]:
    found: dict[tuple[str, SpreadConstraint], None] = {}
    for node in turn.nodes:
        for pod in turn.on(node):
            template = turn.template(pod)
            for constraint in template.spread:
                if constraint.hard or params.include_soft_constraints:
                    found[template.namespace, constraint] = None
    return list(found)


def _domains(turn: Round, namespace: str, constraint: SpreadConstraint) -> Domains:
    domains: Domains = {}
    for node in turn.nodes:
        value = turn.spec(node).labels.get(constraint.topology_key)
        if value is None:
            continue
        pods = domains.setdefault(value, [])
        for pod in turn.on(node):
            template = turn.template(pod)
            ours = template.namespace == namespace and constraint.selector.matches(template.labels)
            if ours and turn.pods.deletion_us[pod] == NEVER:
                pods.append(pod)
    return domains


def _rank(turn: Round, pod: int) -> tuple[bool, bool, int]:
    """From those that stay to those that go first (popped off the end)."""
    template = turn.template(pod)
    tied = bool(template.node_selector) or template.affinity is not NO_AFFINITY
    tied = tied or template.required_nodes is not None or bool(template.preferred_nodes)
    return turn.evictable(pod), not tied, -turn.pods.priority[pod]


def _balance(
    turn: Round,
    constraint: SpreadConstraint,
    domains: Domains,
    chosen: dict[int, None],
    *,
    fit: bool,
) -> None:
    mean = sum(map(len, domains.values())) / len(domains)
    for pods in domains.values():
        pods.sort(key=lambda pod: _rank(turn, pod))
    ordered = sorted(domains.items(), key=lambda item: len(item[1]))
    below = {value for value, pods in ordered if len(pods) < mean}
    roomy = [
        node for node in turn.nodes if turn.spec(node).labels.get(constraint.topology_key) in below
    ]
    low, high = 0, len(ordered) - 1
    while low < high:
        if len(ordered[high][1]) <= mean:
            high -= 1
        giver, taker = ordered[high][1], ordered[low][1]
        skew = len(giver) - len(taker)
        if skew <= constraint.max_skew:
            low += 1
            continue
        most = min(math.ceil(len(giver) - mean), math.ceil(mean - len(taker)))
        count = min(most, math.ceil((skew - constraint.max_skew) / 2))
        if count <= 0:
            low += 1
            continue
        moved = giver[-count:]
        for pod in moved:
            if not fit or turn.fits_elsewhere(pod, roomy):
                chosen[pod] = None
        del giver[-count:]
        taker.extend(moved)
