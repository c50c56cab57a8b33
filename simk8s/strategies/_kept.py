"""A pod that is made for one that was moved away goes where the plan had that one go.

Only while somebody keeps such places in mind (`Objects.places`: the strategy `cp_sat_fallback`, the
defragmenter); otherwise nothing here is called.

Mirrors: nominatedNodeName set by another component than the scheduler (KEP-5278), v1.35: the node
is tried first, and if the pod does not fit there the cycle goes on as ever. Departs: there it is
set on a pod that exists; here it is kept for the next pod of that owner, template and requests.
"""

from __future__ import annotations

from simk8s.placement.base import Query
from simk8s.placement.framework import Framework
from simk8s.placement.select import fits
from simk8s.placement.view import View
from simk8s.strategies.base import Assignment, Plan


def kept_place(framework: Framework, query: Query, view: View, now_us: int) -> Plan | None:
    """The place that is kept for a pod, if it still fits there."""
    pods, objects = view.pods, view.objects
    kin = (pods.owner[query.pod], query.template.id, query.requests.id)
    for place in tuple(objects.places.get(kin, ())):
        if place.until_us < now_us:
            objects.take_place(kin, place)
        elif fits(framework, query, view, place.node):
            objects.take_place(kin, place)
            return Plan(assignments=[Assignment(query.pod, place.node, None, 1)], evaluated=1)
    return None
