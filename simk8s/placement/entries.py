"""What a ranking keeps: answers by template, totals by request vector, and what it gives out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import FilterPlugin, Normalize, ScorePlugin

Numbers = NDArray[Any]
"""Integers, of whatever type the scores came in."""


@dataclass(slots=True)
class Static:
    """Answers of the plugins that read specs alone, for one distinct set of their keys."""

    number: int
    version: tuple[int, int]
    rejects: NDArray[np.bool_]
    clear: bool
    """Whether it rejects no node."""
    constant: int
    uneven: list[tuple[NDArray[Any], Normalize, int]]
    flaw: str | None = None
    limits: frozenset[str] | None = None
    """Names to which they limit the search (see limits)."""


@dataclass(slots=True)
class Entry:
    """Totals of all nodes for one request vector, −1 where the pod does not fit."""

    total: Numbers
    feasible: int
    position: int
    filters: list[FilterPlugin]
    scores: list[tuple[ScorePlugin, int]]
    roomy: bool
    """Whether every node passes those filters, as far as is known: once it does not, it never is
    again.
    """
    lows: int = -1
    """`NodeTable.lows` when that was last seen."""


class Ranked(NamedTuple):
    """`total[n] + constant` is node n's score where `total[n]` ≥ 0; elsewhere (−1) the pod does
    not fit.
    """

    total: Numbers
    constant: int
    feasible: int
