"""The order in which the scheduler looks at nodes: one from each zone in turn.

Mirrors: kube-scheduler v1.36 backend/cache node_tree: zones in the order in which they appeared,
nodes of a zone in the order in which they came; a zone is region and zone label, the legacy
failure-domain labels first; exhausted zones are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

Zone = tuple[str, str]
LEGACY = "failure-domain.beta.kubernetes.io/"
CURRENT = "topology.kubernetes.io/"


def zone_of(labels: Mapping[str, str]) -> Zone:
    """(region, zone) of a node."""
    region = labels.get(f"{LEGACY}region") or labels.get(f"{CURRENT}region") or ""
    zone = labels.get(f"{LEGACY}zone") or labels.get(f"{CURRENT}zone") or ""
    return region, zone


class NodeTree:
    """Rows of existing nodes by zone."""

    def __init__(self) -> None:
        self._zones: dict[Zone, dict[int, None]] = {}
        self._order: NDArray[np.intp] | None = None
        self.straight = False
        """Whether `order` is 0, 1, 2, …, so that a part of it is a slice of any column. Read it
        after `order`.
        """

    def add(self, row: int, labels: Mapping[str, str]) -> None:
        """A node comes."""
        self._zones.setdefault(zone_of(labels), {})[row] = None
        self._order = None

    def remove(self, row: int, labels: Mapping[str, str]) -> None:
        """A node goes; an empty zone is forgotten."""
        zone = zone_of(labels)
        del self._zones[zone][row]
        if not self._zones[zone]:
            del self._zones[zone]
        self._order = None

    def update(self, row: int, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Labels change; in a new zone the node stands last."""
        if zone_of(before) != zone_of(after):
            self.remove(row, before)
            self.add(row, after)

    @property
    def order(self) -> NDArray[np.intp]:
        """All rows, one zone after the other in turn."""
        if self._order is None:
            rounds = zip_longest(*self._zones.values())
            rows = [row for turn in rounds for row in turn if row is not None]
            self._order = np.array(rows, np.intp)
            self.straight = bool((self._order == np.arange(len(rows))).all())
        return self._order
