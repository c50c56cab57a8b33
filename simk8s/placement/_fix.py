"""One thing to change about one node, as the remedies put it together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NAMED = 3
"""Pods that are named; of more only the number is said."""


@dataclass(frozen=True, slots=True)
class Fix:
    """`steps` things to do, `size` the smaller the nearer; `on_node`: words that take "on node n"
    behind them.
    """

    words: str
    steps: int = 1
    size: float = 1.0
    on_node: bool = True


def both(fixes: Sequence[Fix]) -> Fix | None:
    """All of them, None for none."""
    if not fixes:
        return None
    return Fix(
        " and ".join(fix.words for fix in fixes),
        sum(fix.steps for fix in fixes),
        sum(fix.size for fix in fixes) / len(fixes),
        fixes[-1].on_node,
    )


def listed(names: Sequence[str], count: int) -> str:
    """`a`, `a and b`, `a, b, c and 4 more`."""
    shown = list(names[:NAMED])
    if count > len(shown):
        return f"{', '.join(shown)} and {count - len(shown)} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else shown[0]
