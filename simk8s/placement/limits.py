"""Names to which PreFilter limits a search.

Law: None = all nodes; an empty set = PreFilter fails and no node is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from simk8s.placement.base import FilterPlugin, Query
from simk8s.placement.view import View

Names = frozenset[str]


def heard(plugins: Iterable[FilterPlugin]) -> list[FilterPlugin]:
    """Those that have something to say in PreFilter."""
    return [p for p in plugins if type(p).prefilter is not FilterPlugin.prefilter]


def limits_of(plugins: Iterable[FilterPlugin], query: Query, view: View) -> Names | None:
    """What these plugins leave of the nodes."""
    allowed: Names | None = None
    for plugin in plugins:
        if plugin.wakes(query, view):
            said = plugin.prefilter(query, view)
            if said.status.code:
                return frozenset()
            if said.nodes is not None:
                allowed = said.nodes if allowed is None else allowed & said.nodes
    return allowed
