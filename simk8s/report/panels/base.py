"""What a panel is: one block of the page from one run, and perhaps one from a comparison.

Law: a panel is a pure function of the tables: no clock, no randomness, no network, no wall-time
value. It returns None when it has nothing to say. Text from input reaches HTML through Markup's
escaping and charts through `figure.plain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from markupsafe import Markup

from simk8s.results.compare import Comparison
from simk8s.results.results import Results

Width = Literal["full", "half"]
VERDICTS = 10
"""Panels with an `order` below this are verdicts: they stand above a comparison's numbers."""


@dataclass(frozen=True, slots=True)
class Block:
    """A card on the page. `note` is one line under the title that says how to read it."""

    id: str
    title: str
    html: Markup
    note: str = ""
    width: Width = "full"


@runtime_checkable
class Panel(Protocol):
    """One file of panels/. `order` is its place on the page, small is high."""

    title: str
    order: int

    def render(self, results: Results) -> Block | None:
        """The block for one run."""


@runtime_checkable
class ComparingPanel(Panel, Protocol):
    """A panel that also has something to say about several variants."""

    def render_compare(self, comparison: Comparison) -> Block | None:
        """The block for a comparison."""
