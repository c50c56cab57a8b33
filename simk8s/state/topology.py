"""Labels of nodes as numbers: for a label key, which value each node has.

A selector over nodes is decided once per distinct value and gathered over the nodes.

Law: `domain(key).ids[n]` is −1 where node n lacks the label; removed nodes keep their number, so
a reader masks them by `nodes.exists`. Made anew when a node's spec changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simk8s.state.selectors import NodeTerm, Requirement

if TYPE_CHECKING:
    from simk8s.state.nodes import NodeTable

NAME_FIELD = "metadata.name"
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Domain:
    """One label key: a number per node, and the value of each number."""

    ids: NDArray[np.intp]
    values: list[str]
    lacking: bool = False
    """Whether some node has no value."""
    own: bool = False
    """Whether each node is the only one of its value, and numbered like its row."""

    def per_node(self, table: NDArray[Any], rows: slice | NDArray[np.intp]) -> NDArray[Any]:
        """A table by number (the last item is for nodes without a value), as an array by node.
        Do not write to it.
        """
        return table[:-1][rows] if self.own else table[self.ids[rows]]

    def where(self, accepts: Callable[[str | None], bool]) -> Mask:
        """Which nodes have a value (None = no label) that is accepted."""
        table = [accepts(value) for value in self.values]
        table.append(accepts(None))
        return np.array(table, bool)[self.ids]


class Topology:
    """Domains of one node table, by label key."""

    def __init__(self, nodes: NodeTable) -> None:
        self._nodes = nodes
        self._version = -1
        self._domains: dict[tuple[str, bool], Domain] = {}

    def domain(self, key: str, *, is_field: bool = False) -> Domain:
        """The numbers of one label key (or of the field metadata.name)."""
        if self._version != self._nodes.spec_version:
            self._domains.clear()
            self._version = self._nodes.spec_version
        known = self._domains.get((key, is_field))
        if known is None:
            known = self._domains[key, is_field] = self._number(key, is_field)
        return known

    def _number(self, key: str, is_field: bool) -> Domain:
        numbers: dict[str, int] = {}
        ids = np.full(self._nodes.n, -1, np.intp)
        for row, spec in enumerate(self._nodes.specs):
            value = _field(spec.name, key) if is_field else spec.labels.get(key)
            if value is not None:
                ids[row] = numbers.setdefault(value, len(numbers))
        lacking = bool((ids < 0).any())
        own = not lacking and len(numbers) == len(ids)
        return Domain(ids, list(numbers), lacking, own)

    def line(self, line: Requirement) -> Mask:
        """Which nodes satisfy one requirement."""

        def accepts(value: str | None) -> bool:
            return line.matches({} if value is None else {line.key: value})

        return self.domain(line.key, is_field=line.is_field).where(accepts)

    def term(self, term: NodeTerm) -> Mask:
        """Which nodes satisfy all lines of a term; none if it has no lines or a flawed one."""
        if not term.requirements or any(r.flaw() for r in term.requirements):
            return np.zeros(self._nodes.n, bool)
        mask = self.line(term.requirements[0])
        for line in term.requirements[1:]:
            mask &= self.line(line)
        return mask

    def has_all(self, keys: list[str]) -> Mask:
        """Which nodes have every one of these labels."""
        mask = np.ones(self._nodes.n, bool)
        for key in dict.fromkeys(keys):
            mask &= self.domain(key).ids >= 0
        return mask


def _field(name: str, key: str) -> str | None:
    return name if key == NAME_FIELD else None
