"""Policies that look at one pod where it is: restarts, taints, node affinity, anti-affinity.

Mirrors: sigs.k8s.io/descheduler v0.34 RemovePodsHavingTooManyRestarts, …ViolatingNodeTaints
(NoSchedule taints), …ViolatingNodeAffinity (required, and only if another node would do),
…ViolatingInterPodAntiAffinity. Departs: init containers' restarts are not counted apart.
"""

from __future__ import annotations

from simk8s.controllers._descheduler.round import Round
from simk8s.controllers._descheduler_params import TooManyRestarts, Violation
from simk8s.schema.enums import PodPhase
from simk8s.state.pods import Phase
from simk8s.state.selectors import NO_SCHEDULE, tolerated

_PHASES = {Phase.PENDING: PodPhase.PENDING, Phase.RUNNING: PodPhase.RUNNING}


def too_many_restarts(turn: Round, params: TooManyRestarts) -> None:
    """Containers that do not come right on this node."""
    pods = turn.pods
    for node in turn.nodes:
        for pod in turn.on(node):
            if pods.restarts[pod] < params.pod_restart_threshold or not turn.leavable(pod):
                continue
            phase = _PHASES[Phase(pods.phase[pod])].value.capitalize()
            if not params.states or {phase, pods.reasons.get(pod)} & set(params.states):
                turn.evict(pod, "RemovePodsHavingTooManyRestarts")


def node_taints(turn: Round, params: Violation) -> None:
    """Pods that came before a NoSchedule taint."""
    for node in turn.nodes:
        taints = [taint for taint in turn.spec(node).taints if taint.effect == NO_SCHEDULE]
        for pod in turn.on(node) if taints else ():
            tolerations = turn.template(pod).tolerations
            stays = all(tolerated(tolerations, taint) for taint in taints)
            if not stays and turn.leavable(pod):
                turn.evict(pod, "RemovePodsViolatingNodeTaints")


def node_affinity(turn: Round, params: Violation) -> None:
    """Pods whose node is not what they asked for any more."""
    for node in turn.nodes:
        for pod in turn.on(node):
            template = turn.template(pod)
            if template.required_nodes is None and not template.node_selector:
                continue
            if turn.wanted(template, node) or not turn.leavable(pod):
                continue
            if turn.fits_elsewhere(pod, turn.nodes):
                turn.evict(pod, "RemovePodsViolatingNodeAffinity")


def anti_affinity(turn: Round, params: Violation) -> None:
    """Pods beside others that will not have them, the least important first."""
    picky = [
        (other, term)
        for node in turn.nodes
        for other in turn.on(node)
        for term in turn.template(other).affinity.anti_required
    ]
    gone: set[int] = set()
    for node in turn.nodes if picky else ():
        labels = turn.spec(node).labels
        for pod in turn.by_priority(turn.on(node)):
            template = turn.template(pod)
            for other, term in picky:
                if other == pod or other in gone:
                    continue
                there = turn.spec(turn.pods.node[other]).labels.get(term.topology_key)
                if there is None or labels.get(term.topology_key) != there:
                    continue
                known = turn.cluster.objects.namespaces
                if term.matches(template.namespace, template.labels, known):
                    evicted = turn.leavable(pod)
                    if evicted and turn.evict(pod, "RemovePodsViolatingInterPodAntiAffinity"):
                        gone.add(pod)
                    break
