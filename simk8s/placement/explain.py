"""One decision with every number behind it: per node what each filter says, what each plugin
scores, the scheduler's message, and the smallest change that would have helped.

Filters are asked about every node, also behind the first that rejects it (which is the one that
counts): only so can be said what else is missing. Many nodes are cut down to the best ones and
to those that are nearest to fitting; the others are counted by reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simk8s.placement._devices import unbound
from simk8s.placement.base import Code, FilterPlugin, PluginError, Query
from simk8s.placement.cycle import Evaluation, evaluate
from simk8s.placement.diagnosis import ABSENT, CROWDED, FITS, Diagnosis
from simk8s.placement.framework import Framework
from simk8s.placement.postfilter import event_message, post_filter
from simk8s.placement.remedies import remedies
from simk8s.placement.search import Search
from simk8s.placement.view import View

MOST_NODES = 200
NOT_LOOKED_AT = "not looked at"


@dataclass(slots=True)
class NodeLine:
    """One node: `plugin` is the filter that the scheduler stopped at, `filters` all that reject
    it; scores are (raw, normalised, weighted).
    """

    node: str
    fits: bool
    plugin: str = ""
    reasons: tuple[str, ...] = ()
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scores: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    total: int | None = None


@dataclass(slots=True)
class Explanation:
    """Everything about one attempt for one pod."""

    nodes: int
    looked_at: int = 0
    feasible: int = 0
    filters: tuple[str, ...] = ()
    """Filters that have something to say about the pod, in their order."""
    weights: dict[str, int] = field(default_factory=dict)
    """Score plugins that do, with their weights."""
    message: str = ""
    """Of the FailedScheduling event; empty if some node fits."""
    changes: tuple[str, ...] = ()
    """What would have helped, smallest first."""
    table: list[NodeLine] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    """Reason -> nodes that are not in the table."""


def explain(framework: Framework, query: Query, view: View, search: Search) -> Explanation:
    """What one cycle would do, and why."""
    nodes = int(np.count_nonzero(view.nodes.exists))
    try:
        found = evaluate(framework, query, view, search)
    except PluginError as error:
        return Explanation(nodes, message=str(error))
    diagnosis = found.diagnosis
    awake = [p for p in framework.filters if p.wakes(query, view)]
    rejects = _all_verdicts(awake, query, view, diagnosis)
    told = Explanation(
        nodes,
        looked_at=len(diagnosis.visited),
        feasible=len(found.feasible),
        filters=tuple(plugin.name for plugin in awake),
        weights={s.plugin: s.weight for s in found.scores if s.weighted is not None},
    )
    if found.error is not None:
        told.message = found.error
    elif not len(found.feasible):
        outcome = post_filter(framework, query, view, diagnosis)
        told.message = event_message(diagnosis, outcome)
        told.changes = _changes(query, view, diagnosis, awake, rejects)
    chosen = _chosen(found, rejects)
    for row in chosen:
        told.table.append(_line(found, query, view, awake, rejects, row))
    told.others = _others(diagnosis, frozenset(chosen))
    return told


def _all_verdicts(
    awake: Sequence[FilterPlugin], query: Query, view: View, diagnosis: Diagnosis
) -> NDArray[np.bool_]:
    """[filter, node]: who rejects what, each node that exists."""
    rows = np.flatnonzero(diagnosis.existing)
    found = np.zeros((len(awake), len(diagnosis.existing)), bool)
    if diagnosis.prefilter.code is Code.SUCCESS:
        for number, plugin in enumerate(awake):
            found[number, rows] = plugin.verdicts(query, view, rows) != 0
    return found


def _changes(
    query: Query,
    view: View,
    diagnosis: Diagnosis,
    awake: Sequence[FilterPlugin],
    rejects: NDArray[np.bool_],
) -> tuple[str, ...]:
    if diagnosis.prefilter.code is not Code.SUCCESS:
        claims = unbound(query, view) if diagnosis.prefilter_plugin == "VolumeBinding" else ""
        if claims:
            return (claims,)
        reasons = ", ".join(diagnosis.prefilter.reasons)
        return (f"{diagnosis.prefilter_plugin} to pass before any node is looked at ({reasons})",)
    fails = rejects.sum(axis=0)
    rows = np.flatnonzero(diagnosis.existing & (fails > 0))
    failing = [
        (row, [awake[n] for n in np.flatnonzero(rejects[:, row]).tolist()]) for row in rows.tolist()
    ]
    return tuple(remedy.words for remedy in remedies(query, view, failing))


def _chosen(found: Evaluation, rejects: NDArray[np.bool_]) -> list[int]:
    """Rows for the table: feasible ones by total, then those that fewest filters reject."""
    diagnosis, names = found.diagnosis, found.diagnosis.view.nodes.specs
    totals = dict(zip(found.feasible.tolist(), found.total.tolist(), strict=False))
    fails = rejects.sum(axis=0)
    fit = sorted(found.feasible.tolist(), key=lambda r: (-totals.get(r, 0), names[r].name))
    unfit = np.flatnonzero(diagnosis.existing & (diagnosis.by != FITS)).tolist()
    unfit.sort(key=lambda r: (diagnosis.by[r] == ABSENT, fails[r], names[r].name))
    if len(fit) + len(unfit) <= MOST_NODES:
        return fit + unfit
    half = MOST_NODES // 2
    kept = fit[: max(half, MOST_NODES - len(unfit))]
    return kept + unfit[: MOST_NODES - len(kept)]


def _line(
    found: Evaluation,
    query: Query,
    view: View,
    awake: Sequence[FilterPlugin],
    rejects: NDArray[np.bool_],
    row: int,
) -> NodeLine:
    diagnosis = found.diagnosis
    line = NodeLine(view.nodes.specs[row].name, bool(diagnosis.by[row] == FITS))
    if not line.fits:
        status = diagnosis.status(row)
        line.plugin, line.reasons = status.plugin, status.status.reasons
        if diagnosis.by[row] == ABSENT and not line.reasons:
            line.reasons = (NOT_LOOKED_AT,)
    for number in np.flatnonzero(rejects[:, row]).tolist():
        line.filters[awake[number].name] = awake[number].explain(query, view, row)
    if diagnosis.by[row] == CROWDED:
        line.filters.setdefault(line.plugin, line.reasons)
    if line.fits and len(found.total):
        place = int(np.flatnonzero(found.feasible == row)[0])
        line.total = int(found.total[place])
        for scored in found.scores:
            if scored.raw is not None and scored.normalized is not None:
                raw, normal = int(scored.raw[place]), int(scored.normalized[place])
                line.scores[scored.plugin] = (raw, normal, normal * scored.weight)
    return line


def _others(diagnosis: Diagnosis, shown: frozenset[int]) -> dict[str, int]:
    """Reason -> how many nodes have it, of those that are not shown."""
    found: dict[str, int] = {}
    for row in np.flatnonzero(diagnosis.existing).tolist():
        if row in shown:
            continue
        if diagnosis.by[row] == FITS:
            reasons: tuple[str, ...] = ("fits",)
        else:
            reasons = diagnosis.status(row).status.reasons or (NOT_LOOKED_AT,)
        for reason in reasons:
            found[reason] = found.get(reason, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
