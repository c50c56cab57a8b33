"""NodeName: a pod that names its node fits only there.

Mirrors: kube-scheduler v1.36 plugins/nodename.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import SUCCESS, Code, FilterPlugin, Query, Rows, Status
from simk8s.placement.events import Change
from simk8s.placement.view import View


class NodeName(FilterPlugin):
    """Rejects every node but the one in `spec.nodeName`."""

    name: ClassVar[str] = "NodeName"
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(
            Code.UNSCHEDULABLE_AND_UNRESOLVABLE, ("node(s) didn't match the requested node name",)
        ),
    )
    events: ClassVar[int] = Change.NODE_ADD

    def key(self, query: Query, view: View) -> Hashable | None:
        """The name, if there is one."""
        return query.template.node_name or None

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 everywhere but at the named node."""
        verdict = np.ones(view.nodes.n, np.uint8)
        row = view.nodes.row(query.template.node_name)
        if row is not None:
            verdict[row] = 0
        return verdict[rows]
