"""Writes what failures cost: the tables of `schema.damage`.

Law: losses and running time are those of the pods table. A pod's running time counts from its last
start to its end or that of the run, and what it lost before (`lost_work_us`). Wasted is what was
lost, and the running time of pods whose containers failed for good. It is redone as far as the
same pod ran again after a reboot, or, for a Job, its successor did: the next pod of that Job that
was created once the first was asked to go or had failed, each standing in for one.

Departs: runs of containers that are restarted in place after a crash are not counted as wasted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simk8s.record.recorder import Recorder
from simk8s.schema.damage import DipKind
from simk8s.simulation.availability import Availability
from simk8s.simulation.dips import Dip, Workload
from simk8s.simulation.tables import CAUSES
from simk8s.state.cluster import Cluster
from simk8s.state.pods import FAILED, GONE, NEVER, UNBORN, Loss

Ints = NDArray[np.int64]


def write_damage(
    found: Availability,
    cluster: Cluster,
    recorder: Recorder,
    evictions: dict[str, list[int]],
    now_us: int,
) -> None:
    """Every table of schema.damage, at the end of a run."""  # fmt: skip
    found.finish(now_us)
    lost, entries = _losses(found, cluster, recorder)
    for workload in found.workloads:
        row = _row(workload, *lost.get(workload.number, (0, 0)), entries.get(workload.number))
        recorder.availability.append(row)
    for number, (workload, dip) in enumerate(found.dips()):
        recorder.dips.append(_dip_row(number, workload, dip, now_us))
        last = None
        for t_us, desired, available in dip.steps:
            if (desired, available) != last:
                recorder.dip_steps.append((number, t_us, desired, available))
            last = desired, available
    for key, budget in found.budgets.items():
        namespace, _, name = key.partition("/")
        counts = evictions.get(key, (0, 0))
        recorder.disruptions.append(
            (namespace, name, *counts, budget.allowed, budget.exhausted_us)
        )  # fmt: skip
    for work in _work(found, cluster, now_us):
        recorder.work.append(work)


def _row(workload: Workload, lost: int, work_us: int, entry: str | None) -> tuple[object, ...]:
    namespace, _, name = workload.key.partition("/")
    missed = workload.missed_us
    return (
        workload.number,
        workload.kind,
        namespace,
        name,
        entry,
        workload.created_us,
        workload.deleted_us,
        workload.complete_us,
        workload.desired if workload.deleted_us is None else workload.last_desired,
        workload.available,
        workload.desired_us,
        missed[DipKind.DAMAGE],
        missed[DipKind.STARTUP],
        missed[DipKind.ROLLOUT],
        missed[DipKind.SCALE],
        workload.below_us,
        workload.worst,
        workload.worst_us,
        workload.damages,
        lost,
        work_us,
        None if workload.data is None else workload.data.out_us,
    )


def _dip_row(number: int, workload: Workload, dip: Dip, now_us: int) -> tuple[object, ...]:
    fault, damage = dip.fault, dip.kind is DipKind.DAMAGE
    named = None if fault is None else (fault.kind, fault.target, fault.at_us)
    end_us = now_us if dip.end_us is None else dip.end_us
    start_us = dip.start_us if fault is None else fault.at_us
    return (
        number,
        workload.number,
        dip.kind,
        dip.cause,
        *(named or (None, None, None)),
        None if fault is None else len(fault.rows),
        len(dip.faults) - (named in dip.faults),
        dip.start_us,
        dip.detected_us,
        dip.replaced_us,
        dip.end_us,
        dip.outcome,
        end_us - dip.start_us if damage else None,
        start_us if damage else None,
        dip.desired,
        dip.depth,
        dip.depth_us,
        dip.missed_us,
        dip.pods_hit,
        len(dip.nodes),
    )


def _losses(
    found: Availability, cluster: Cluster, recorder: Recorder
) -> tuple[dict[int, tuple[int, int]], dict[int, str]]:
    """Writes pods lost by owner and cause; (pods, work) by workload, and what entry it is from."""
    pods = cluster.pods
    rows = _numbers(found, cluster)
    workloads, losses = pods.column("workload"), pods.column("loss")
    owned, first = np.unique(rows, return_index=True)
    firsts = zip(owned.tolist(), workloads[first].tolist(), strict=True)
    entries = {row: cluster.workloads[entry] for row, entry in firsts if row >= 0}
    counted = np.array([one in CAUSES for one in Loss])
    totals: dict[int, tuple[int, int]] = {}
    groups: dict[tuple[int, str, int], tuple[int, int]] = {}
    for pod in np.flatnonzero(counted[losses]).tolist():
        row, work_us = int(rows[pod]), pods.lost_work_us[pod]
        key = row, cluster.workloads[pods.workload[pod]], pods.loss[pod]
        n, all_us = groups.get(key, (0, 0))
        groups[key] = n + 1, all_us + work_us
        n, all_us = totals.get(row, (0, 0))
        totals[row] = n + 1, all_us + work_us
    for (row, entry, loss), counts in sorted(groups.items()):
        named = None if row < 0 else row
        recorder.workload_losses.append((named, entry, CAUSES[Loss(loss)], *counts))
    return totals, entries


def _numbers(found: Availability, cluster: Cluster) -> Ints:
    """By pod: the number of the workload that owns it, −1 for none."""
    of = np.full(len(cluster.owners) + 1, NEVER, np.int64)  # the last one is nobody's
    for owner, workload in found.owners.items():
        of[owner] = workload.number
    numbers: Ints = of[cluster.pods.column("owner")]
    return numbers


# --- work of what ends


def _work(
    found: Availability, cluster: Cluster, now_us: int
) -> Iterator[tuple[str, int, int, int, int, int, int, int, int]]:
    """Rows of the table `work`, in order of the scenario's entries."""
    pods = cluster.pods
    ran, wasted, again = _running(cluster, now_us)
    mine = (_numbers(found, cluster) < 0) & (pods.column("phase") != UNBORN)
    if not found.jobs and not np.any(wasted[mine]):
        return
    redone = again + _by_successors(cluster, mine, ran, wasted - again)
    places: dict[str, int] = {}
    for name in cluster.workloads:
        places.setdefault(name, len(places))
    place = np.array([places[name] for name in cluster.workloads], np.int64)
    counts = np.zeros((len(places), 8), np.int64)
    for number, jobs in found.jobs.items():
        counts[place[number], :3] += jobs
    rows = np.flatnonzero(mine)
    line = place[pods.column("workload")[rows]]
    columns = (np.ones(len(rows), np.int64), wasted[rows] > 0, ran[rows], wasted[rows])
    for at, column in enumerate((*columns, redone[rows]), start=3):
        np.add.at(counts[:, at], line, column)
    for name, at in places.items():
        if counts[at].any():
            a, b, c, d, e, f, g, h = counts[at].tolist()
            yield name, a, b, c, d, e, f, g, h


def _running(cluster: Cluster, now_us: int) -> tuple[Ints, Ints, Ints]:
    """By pod: running time, what of it came to nothing, and what of that it did again itself."""
    pods = cluster.pods
    phase, started = pods.column("phase"), pods.column("started_us")
    finished, before = pods.column("finished_us"), pods.column("lost_work_us").astype(np.int64)
    end = np.where(finished == NEVER, now_us, finished)
    last = np.where(started == NEVER, 0, np.maximum(end - started, 0))
    lost = (pods.column("loss") != Loss.NONE) & (phase == GONE)
    last[lost] = 0  # it is in what was lost already
    failed = phase == FAILED
    failed[[pod for pod, ended in pods.collected.items() if ended == FAILED]] = True
    failed[[pod for pod in pods.exit_codes if pod < len(failed)]] = True
    return (
        before + last,
        before + np.where(failed, last, 0),
        np.where(failed, 0, np.minimum(before, last)),
    )


def _by_successors(cluster: Cluster, mine: NDArray[np.bool_], ran: Ints, left: Ints) -> Ints:
    """By pod: what of its wasted work the next pod of the same Job has done."""
    pods, redone = cluster.pods, np.zeros(len(mine), np.int64)
    ended = (pods.column("phase") == GONE) | (pods.column("phase") == FAILED)
    ended |= pods.column("deletion_us") != NEVER
    owner = pods.column("owner")
    bad = np.flatnonzero(mine & (left > 0) & ended & (owner != NEVER))
    if not len(bad):
        return redone
    members: dict[int, list[int]] = {one: [] for one in np.unique(owner[bad]).tolist()}
    for pod in np.flatnonzero(mine & np.isin(owner, list(members))).tolist():
        members[pods.owner[pod]].append(pod)
    waiting = {
        one: sorted((pods.created_us[pod], pod) for pod in group) for one, group in members.items()
    }
    for lost_us, pod in sorted((_left_us(cluster, pod), pod) for pod in bad.tolist()):
        line = waiting[pods.owner[pod]]
        at = bisect_left(line, (lost_us, -1))
        if at < len(line):
            redone[pod] = min(int(left[pod]), int(ran[line.pop(at)[1]]))
    return redone


def _left_us(cluster: Cluster, pod: int) -> int:
    """When a pod was asked to go, or else had ended."""
    pods = cluster.pods
    if pods.deletion_us[pod] == NEVER:
        return pods.finished_us[pod]
    asked_us = pods.deletion_us[pod] - cluster.template_of(pod).grace_us
    return max(pods.created_us[pod], asked_us)
