"""What would mend inter-pod affinity on one node: which pods are missing in which domain of which
label, and which are in the way there.

Pods of a domain are looked through once for each term, however many of its nodes are asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from simk8s.placement._fix import NAMED, Fix, both, listed
from simk8s.placement.base import Query
from simk8s.placement.view import View
from simk8s.state.affinity import PodTerm
from simk8s.state.cluster import TermKind
from simk8s.state.selectors import LabelSelector, Requirement
from simk8s.state.shapes import PodTemplate

Means = Callable[[PodTemplate], bool]


class Neighbours:
    """The pods around one pod's nodes."""

    def __init__(self, query: Query, view: View) -> None:
        self._query = query
        self._view = view
        self._known = view.objects.namespaces
        self._found: dict[tuple[str, PodTerm, int], tuple[int, list[str]]] = {}
        """(role, term, domain) -> how many pods, and the names of some."""

    def fix(self, row: int) -> Fix | None:
        """All that is missing or in the way for one node."""
        return both([*self._missing(row), *self._repelled(row), *self._unwelcome(row)])

    def _missing(self, row: int) -> Iterator[Fix]:
        """Labels and pods that required affinity asks for."""
        own = self._query.template
        terms = own.affinity.required
        if not terms:
            return
        labels = self._view.nodes.specs[row].labels
        lacking = dict.fromkeys(t.topology_key for t in terms if t.topology_key not in labels)
        yield from (Fix(f"the label {key}") for key in lacking)

        def all_mean(template: PodTemplate) -> bool:
            return all(self._means(term, template) for term in terms)

        wanted = " and ".join(dict.fromkeys(said(term, own.namespace) for term in terms))
        there = [t for t in terms if t.topology_key not in lacking]
        if all_mean(own) and not any(self._anywhere(term, all_mean) for term in terms):
            return
        for term in dict.fromkeys(there):
            if not self._there("wanted", term, row, all_mean)[0]:
                where = f"{term.topology_key}={labels[term.topology_key]}"
                yield Fix(f"a pod with {wanted} in {where}", on_node=False)

    def _repelled(self, row: int) -> Iterator[Fix]:
        """Pods that its own anti-affinity does not bear."""
        own = self._query.template
        for term in dict.fromkeys(own.affinity.anti_required):

            def meant(template: PodTemplate, term: PodTerm = term) -> bool:
                return self._means(term, template)

            why = f"it keeps away from {said(term, own.namespace)}"
            yield from self._gone("own", term, row, meant, why)

    def _unwelcome(self, row: int) -> Iterator[Fix]:
        """Pods whose anti-affinity means this one."""
        own = self._query.template
        for kind, term in self._view.cluster.terms:
            if kind is not TermKind.ANTI_REQUIRED or not self._means(term, own):
                continue

            def bears(template: PodTemplate, term: PodTerm = term) -> bool:
                return term in template.affinity.anti_required

            yield from self._gone("theirs", term, row, bears, "it keeps pods like this one away")

    def _gone(self, role: str, term: PodTerm, row: int, means: Means, why: str) -> Iterator[Fix]:
        count, names = self._there(role, term, row, means)
        if count:
            where = f"{term.topology_key}={self._view.nodes.specs[row].labels[term.topology_key]}"
            if role == "theirs" and count > 1:
                why = "they keep pods like this one away"
            words = f"{listed(names, count)} gone from {where} ({why})"
            yield Fix(words, count, float(count), on_node=False)

    def _means(self, term: PodTerm, template: PodTemplate) -> bool:
        return term.matches(template.namespace, template.labels, self._known)

    def _there(self, role: str, term: PodTerm, row: int, means: Means) -> tuple[int, list[str]]:
        """Pods in the node's domain of the term's label."""
        ids = self._view.nodes.topology.domain(term.topology_key).ids
        if ids[row] < 0:
            return 0, []
        key = (role, term, int(ids[row]))
        known = self._found.get(key)
        if known is None:
            rows = np.flatnonzero((ids == ids[row]) & self._view.nodes.exists.view(bool))
            known = self._found[key] = self._pods(rows.tolist(), means)
        return known

    def _anywhere(self, term: PodTerm, means: Means) -> bool:
        key = ("anywhere", term, -1)
        if key not in self._found:
            ids = self._view.nodes.topology.domain(term.topology_key).ids
            rows = np.flatnonzero((ids >= 0) & self._view.nodes.exists.view(bool))
            self._found[key] = self._pods(rows.tolist(), means)
        return bool(self._found[key][0])

    def _pods(self, rows: list[int], means: Means) -> tuple[int, list[str]]:
        cluster = self._view.cluster
        answers: dict[int, bool] = {}
        count = 0
        names: list[str] = []
        for row in rows:
            for pod in self._view.pods_on(row):
                template = cluster.template_of(pod)
                answer = answers.get(template.id)
                if answer is None:
                    answer = answers[template.id] = means(template)
                if answer:
                    count += 1
                    if len(names) < NAMED:
                        names.append(f"{template.namespace}/{cluster.name_of(pod)}")
        return count, names


def said(term: PodTerm, namespace: str) -> str:
    """What a term selects, in words."""
    words = selected(term.selector)
    others = [name for name in term.namespaces if name != namespace]
    if others:
        words += f" in namespace {' or '.join(others)}"
    if not term.namespace_selector.nothing:
        words += f" in namespaces with {selected(term.namespace_selector)}"
    return words


def selected(selector: LabelSelector) -> str:
    """`app=web, tier in (a|b)`."""
    if selector.nothing:
        return "no label at all"
    return ", ".join(_line(line) for line in selector.requirements) or "any labels"


def _line(line: Requirement) -> str:
    match line.operator:
        case "In" if len(line.values) == 1:
            return f"{line.key}={line.values[0]}"
        case "In":
            return f"{line.key} in ({'|'.join(line.values)})"
        case "NotIn":
            return f"{line.key} not in ({'|'.join(line.values)})"
        case "Exists":
            return f"any {line.key}"
    return f"no {line.key}"
