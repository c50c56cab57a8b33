"""L1: whose pods a scenario speaks of, and the lint of rules that describe pods.

Law: what cannot be known before a simulation (labels in a trace, objects that a timeline brings)
is taken to match: a warning is never wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from simk8s.catalog import suggest
from simk8s.errors import Problem
from simk8s.scenario.behaviour import CONDITIONS, BehaviourRule, Subject, said_of
from simk8s.scenario.positions import Path as KeyPath

if TYPE_CHECKING:
    from simk8s.scenario.lint import Context

_STATIC = ("kube-system", "static")
_KINDS = {"deployment": "Deployment", "replica_set": "ReplicaSet", "job": "Job"}


def subjects(context: Context, index: int) -> Iterator[tuple[Subject, Mapping[str, Any]]]:
    """Whose pods a workload entry makes, each with its template (empty: nobody knows it)."""
    entry = context.scenario.workload[index]
    if entry.manifests is not None:
        for one in context.manifests.get(index, ()):
            if one.template and one.kind != "PodGroup":
                space = one.namespace or entry.namespace
                yield (
                    Subject(one.kind, one.name, space, entry.name, _labels(one.template)),
                    (one.template),
                )
        return
    template = entry.pod_template or {}
    labels = None if entry.replay or entry.templates else _labels(template)
    if entry.source in _KINDS and not labels:
        labels = {"app": str(entry.name)}
    kind = _KINDS.get(entry.source, "Pod")
    yield Subject(kind, entry.name, entry.namespace, entry.name, labels), template


def _static(context: Context) -> Iterator[Subject]:
    for group in context.scenario.nodes:
        for template in group.static_pods:
            space = (template.get("metadata") or {}).get("namespace") or _STATIC[0]
            yield Subject("Pod", _STATIC[1], str(space), _STATIC[1], _labels(template))


def _labels(template: Mapping[str, Any]) -> dict[str, str]:
    found = (template.get("metadata") or {}).get("labels") or {}
    return {str(key): str(value) for key, value in found.items()}


def ends_by_rule(context: Context, index: int) -> bool:
    """Whether rules say of all pods of an entry that are to end when they do."""
    rules = context.scenario.behaviour
    return bool(rules) and all(
        bool((said := said_of(rules, subject)).lifetime or said.run_duration)
        for subject, _ in subjects(context, index)
        if subject.kind in ("Job", "CronJob")
    )


def matched_rules(context: Context) -> Iterator[Problem]:
    """Every rule means somebody's pods."""
    rules = context.scenario.behaviour
    if not rules or getattr(context.scenario, "timeline", None):
        return
    entries = range(len(context.scenario.workload))
    made = chain.from_iterable(subjects(context, index) for index in entries)
    known = [*(subject for subject, _ in made), *_static(context)]
    for index, rule in enumerate(rules):
        if not any(rule.means(subject) for subject in known):
            path: KeyPath = ("behaviour", index)
            text = "this rule means no pod of the scenario"
            yield context.problem("W130", text, path, _hint(rule, known))


def _hint(rule: BehaviourRule, known: list[Subject]) -> str | None:
    """The first condition that nobody satisfies by itself."""
    for name in CONDITIONS[:-1]:
        wanted = getattr(rule, name)
        there = list(dict.fromkeys(str(getattr(one, name)) for one in known))
        alone = BehaviourRule.model_construct(**{name: wanted})
        if wanted is not None and not any(alone.means(one) for one in known):
            near = suggest(wanted, there)
            listed = ", ".join(there[:8]) or "none"
            return f"did you mean {near!r}?" if near else f"{name}s of this scenario: {listed}"
    return None
