"""RemoveDuplicates: pods of one owner with the same images that share a node.

Law: no node keeps more of an owner than ⌈pods / nodes that would do⌉, if there are two such nodes.

Mirrors: sigs.k8s.io/descheduler v0.34 plugins/removeduplicates.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from simk8s.controllers._descheduler.round import Round
from simk8s.controllers._descheduler_params import RemoveDuplicates

Key = tuple[str, str, tuple[str, ...]]
"""(namespace, owner, images)."""


def duplicates(turn: Round, params: RemoveDuplicates) -> None:
    """Evict what is above the mean."""
    seen: Counter[Key] = Counter()
    doubled: dict[Key, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for node in turn.nodes:
        first: set[Key] = set()
        for pod in filter(turn.leavable, turn.on(node)):
            owner = turn.owner(pod)
            if not owner or owner.partition("/")[0] in params.exclude_owner_kinds:
                continue
            template = turn.template(pod)
            key = (template.namespace, owner, tuple(sorted(template.images)))
            seen[key] += 1
            if key in first:
                doubled[key][node].append(pod)
            first.add(key)
    for key, by_node in doubled.items():
        targets = _targets(turn, by_node)
        if len(targets) < 2:
            continue
        most = -(-seen[key] // len(targets))
        for pods in by_node.values():
            for pod in pods[most - 1 :] if len(pods) + 1 > most else ():
                turn.evict(pod, "RemoveDuplicates")


def _targets(turn: Round, by_node: dict[int, list[int]]) -> list[int]:
    """Nodes on which pods like these may run."""
    templates = {turn.pods.template[pod]: turn.template(pod) for p in by_node.values() for pod in p}
    found: dict[int, None] = {}
    for template in templates.values():
        matching = [node for node in turn.nodes if turn.may_run(template, node)]
        if len(matching) > 1:
            found.update(dict.fromkeys(matching))
    return list(found)
