"""Places the pods of one group one by one on a copy of the view, each seeing those before it.

Law: nothing but the search's start moves; who is placed here holds its node in the copy alone.

Mirrors: kube-scheduler v1.36 podGroupSchedulingDefaultAlgorithm: the whole cycle for each pod on
one snapshot; a pod that fits nowhere does not stop the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from numpy.random import Generator

from simk8s.placement import cycle
from simk8s.placement.base import PluginError, Query
from simk8s.placement.diagnosis import put
from simk8s.placement.framework import Framework
from simk8s.placement.search import Search
from simk8s.placement.select import Selector
from simk8s.placement.view import View
from simk8s.strategies.base import Assignment, Plan

Refused = tuple[cycle.Verdict, int]


def place_together(
    framework: Framework, view: View, draws: Generator, search: Search, pods: Sequence[Query]
) -> Plan:
    """A node for every pod that has one, and for the others why not."""
    overlay, plan = view.overlay(), Plan()
    selector = Selector(framework, overlay, draws, search=search)
    refused: dict[tuple[int, ...], Refused] = {}
    for query in pods:
        query.nominated = view.pods.nominated[query.pod]
        alike = _alike(query, view)
        known = None if query.template.volumes else refused.get(alike)
        if known is not None:
            selector.pass_over(known[1])
            plan.rejected.append((query.pod, known[0]))
        else:
            choice = None
            try:
                choice = selector.select(query)
            except PluginError as error:
                plan.rejected.append((query.pod, cycle.failed(view, str(error))))
            else:
                if choice is None:
                    verdict = cycle.verdict(framework, query, overlay)
                    refused[alike] = (verdict, selector.evaluated)
                    plan.rejected.append((query.pod, verdict))
            if choice is not None:
                put(overlay, query.pod, choice.node)
                refused.clear()
                chosen = Assignment(query.pod, choice.node, choice.score, choice.feasible)
                plan.assignments.append(chosen)
        plan.evaluated += selector.evaluated
    return plan


def _alike(query: Query, view: View) -> tuple[int, ...]:
    """Pods of which this is the same get the same answer on the same view."""
    return (
        query.template.id,
        query.requests.id,
        query.priority,
        query.nominated,
        query.pinned,
        view.pods.owner[query.pod],
    )
