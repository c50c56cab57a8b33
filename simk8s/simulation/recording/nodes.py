"""What happens to nodes at the driver's hand: joined, changed, removed, silent, back.

Law: a node is meant by its name, or by the name of its zone; words that name neither are passed
over as long as one does. The last renewal of a node that falls silent is the one under which the
recording could have its condition become Unknown when it did: phases of leases are random and in
no recording, what follows from them is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from simk8s.api.refused import Refused
from simk8s.api.requests import request
from simk8s.simulation.build import World
from simk8s.simulation.editing import BAD_OBJECT, merged
from simk8s.simulation.recording.cluster import add_node
from simk8s.simulation.recording.objects import Unmet
from simk8s.state.selectors import Taint

Raw = Mapping[str, Any]
_WORD = re.compile(r"[\w.-]+")
_RANGE = re.compile(r"^(.*?)(\d+)(?:\.\.+|-|:)(?:\1)?(\d+)$")
"""`n000..n009`, `n000-n009`, `n000-009`."""


def named(texts: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """Names of nodes that texts mean, in order; `known` has the zone of every node."""
    found: dict[str, None] = {}
    for text in texts:
        for word in (text, *_WORD.findall(text)):
            for name in _expanded(word):
                if name in known:
                    found[name] = None
            found |= {name: None for name, zone in known.items() if zone and zone == word}
    return list(found)


def _expanded(word: str) -> list[str]:
    word = word.rpartition("/")[2]
    found = _RANGE.match(word)
    if found is None:
        return [word]
    stem, first, last = found.groups()
    width, count = len(first), min(int(last) - int(first), 100_000)
    return [word, *(f"{stem}{int(first) + k:0{width}d}" for k in range(count + 1))]


class NodeActions:
    """Nodes of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store, self._nodes = world.store, world.cluster.nodes

    def rows(self, texts: Iterable[str]) -> list[int]:
        """Rows of nodes that texts mean. Raises Unmet."""
        nodes = self._nodes
        here = [row for row in range(nodes.n) if nodes.exists[row]]
        known = {nodes.specs[row].name: nodes.specs[row].zone for row in here}
        rows = [nodes.row(name) for name in named(texts, known)]
        found = [row for row in rows if row is not None]
        if not found:
            raise Unmet("no such node")
        return found

    def names(self, texts: Iterable[str]) -> list[str]:
        """Their names. Raises Unmet."""
        return [self._nodes.specs[row].name for row in self.rows(texts)]

    @request("POST", "nodes")
    def join(self, raw: Raw) -> bool | Refused:
        """A node registers."""
        try:
            if self._nodes.row(str(raw["metadata"]["name"])) is not None:
                return Refused(409, "AlreadyExists", "there is such a node")
            add_node(self._world, raw)
        except BAD_OBJECT as error:
            return Refused(422, "Invalid", f"{type(error).__name__} {error}")
        return True

    @request("PATCH", "nodes")
    def change(self, name: str, body: Raw) -> bool | Refused:
        """PATCH or PUT of labels, taints, unschedulable, or the Ready condition."""
        row = self._nodes.row(name)
        if row is None or not self._nodes.exists[row]:
            return Refused(404, "NotFound", f"node {name}")
        try:
            return self._changed(row, body)
        except BAD_OBJECT as error:
            return Refused(422, "Invalid", f"{type(error).__name__} {error}")

    def _changed(self, row: int, body: Raw) -> bool:
        spec, wanted = self._nodes.specs[row], body.get("spec") or {}
        labels = (body.get("metadata") or {}).get("labels") or {}
        changed = replace(spec, labels=merged(spec.labels, labels))
        if "unschedulable" in wanted:
            changed = replace(changed, unschedulable=bool(wanted["unschedulable"]))
        if "taints" in wanted:
            taints = tuple(Taint.parse(taint) for taint in wanted["taints"] or ())
            changed = replace(changed, taints=taints)
        for condition in (body.get("status") or {}).get("conditions") or ():
            if condition.get("type") == "Ready":
                self._store.set_ready(row, condition.get("status") == "True")
        return changed == spec or self._store.update_node(row, changed)

    def silence(self, texts: Iterable[str], renewed_us: Mapping[str, int]) -> None:
        """Machines stop; `renewed_us` has the last renewal of some. Raises Unmet."""
        up = [row for row in self.rows(texts) if self._world.machines.up(row)]
        for row in up:
            last_us = renewed_us.get(self._nodes.specs[row].name)
            if last_us is not None:
                self._store.leases.renewed(row, last_us)
        self._world.machines.crash(up)

    def restore(self, texts: Iterable[str]) -> None:
        """Machines run again. Raises Unmet."""
        down = [row for row in self.rows(texts) if not self._world.machines.up(row)]
        self._world.machines.restore(down)
