"""Whom would a pod displace: a dry run over the nodes where removing lower-priority pods may help.

One vector pass with every lower-priority pod removed everywhere finds the candidates; only those
are then looked at one by one, putting victims back as long as the pod still fits.

Mirrors: kube-scheduler v1.36 DefaultPreemption: at least 100 candidates or 10 % of the nodes;
victims put back in order of importance (priority, then earlier start); the node with the lowest
highest-victim priority, lowest sum of priorities, fewest victims, latest start. Departs: no
PodDisruptionBudgets; candidates are tried from the first node on instead of from a random offset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simk8s.placement import cycle
from simk8s.placement.base import Query
from simk8s.placement.framework import Framework
from simk8s.placement.select import fits
from simk8s.placement.view import Overlay, View

MIN_CANDIDATES = 100
MIN_PERCENT = 10
_PRIORITY_SHIFT = 1 << 31


@dataclass(frozen=True, slots=True)
class Preemption:
    """The node to nominate and the pods to delete there, most important first."""

    node: int
    victims: tuple[int, ...]


def preempt(
    framework: Framework, query: Query, view: View, resolvable: NDArray[np.intp]
) -> Preemption | None:
    """The best preemption, or None. `resolvable`: nodes rejected by something that pods leaving
    can mend.
    """
    if not query.template.preempts or not len(resolvable):
        return None
    emptied = view.overlay()
    removed = _remove_lower(query, view, emptied, resolvable.tolist())
    if not removed:
        return None
    hopeful = cycle.feasible(framework, query, emptied)
    limit = max(MIN_CANDIDATES, len(resolvable) * MIN_PERCENT // 100)
    best: tuple[tuple[int, int, int, int], Preemption] | None = None
    for node in [n for n in removed if hopeful[n]][:limit]:
        victims = _reprieve(framework, query, emptied, node, removed[node])
        key = _rank(view, victims)
        if best is None or key < best[0]:
            best = (key, Preemption(node, victims))
    return best[1] if best else None


def _remove_lower(
    query: Query, view: View, overlay: Overlay, rows: list[int]
) -> dict[int, list[int]]:
    """Remove every pod of lower priority from the overlay; node -> removed pods, most important
    first.
    """
    pods = view.pods
    removed: dict[int, list[int]] = {}
    for row in rows:
        lower = [p for p in view.pods_on(row) if pods.priority[p] < query.priority]
        if lower:
            lower.sort(key=lambda p: (-pods.priority[p], _start(view, p), p))
            removed[row] = lower
            for pod in lower:
                overlay.remove(pod, row)
    return removed


def _start(view: View, pod: int) -> int:
    started = view.pods.running_us[pod]
    return started if started >= 0 else 1 << 62


def _reprieve(
    framework: Framework, query: Query, overlay: Overlay, node: int, lower: list[int]
) -> tuple[int, ...]:
    victims: list[int] = []
    for pod in lower:
        overlay.add(pod, node)
        if not fits(framework, query, overlay, node):
            overlay.remove(pod, node)
            victims.append(pod)
    return tuple(victims)


def _rank(view: View, victims: tuple[int, ...]) -> tuple[int, int, int, int]:
    priorities = [view.pods.priority[p] for p in victims]
    highest = max(priorities, default=-_PRIORITY_SHIFT)
    earliest = min(
        (_start(view, p) for p, rank in zip(victims, priorities, strict=True) if rank == highest),
        default=0,
    )
    total = sum(rank + _PRIORITY_SHIFT for rank in priorities)
    return (highest, total, len(victims), -earliest)
