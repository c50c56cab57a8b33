"""Whether a placement still holds when its cycle ends: the state may have moved on meanwhile.

Law: what does not fit the state as it is now is not assumed; what still fits gets its devices.
"""

from __future__ import annotations

from simk8s.placement.base import Query
from simk8s.placement.framework import Framework
from simk8s.placement.select import fits
from simk8s.placement.view import View
from simk8s.strategies.base import Assignment


def devices_of(
    framework: Framework, query: Query, view: View, chosen: Assignment, *, moved: bool
) -> int | None:
    """The GPU devices to take if the placement still holds, else None; `moved`: whether any node
    has changed since it was chosen.
    """
    nodes, requests = view.nodes, query.requests
    if moved and not fits(framework, query, view, chosen.node):
        return None
    if chosen.devices is not None:
        milli = requests.gpu.milli
        free = nodes.gpu_free[:, chosen.node].tolist()
        wanted = [d for d in range(chosen.devices.bit_length()) if chosen.devices >> d & 1]
        return chosen.devices if all(free[d] >= milli for d in wanted) else None
    return nodes.choose_devices(chosen.node, requests) if requests.gpu.count else 0
