"""A small run with damage, written by hand; times in minutes."""

from __future__ import annotations

from simk8s.record.recorder import Recorder

M = 60_000_000
NAMES = ("web", "db")


def write_damage(recorder: Recorder, names: tuple[str, str] = NAMES) -> None:
    """Of a run of 60 min. `web` wants 10 and loses 4 at min 10 and gets two each at 15 and 20, and
    one by eviction from 40 to 41; `db` wants 2 and loses 1 at min 10, for good. A third workload
    was never complete.
    """
    web, db = names
    for row in (
        (0, "Deployment", "default", web, web, 0, None, M, 10, 10, 590 * M, 31 * M, 10 * M, 2 * M,
         0, 11 * M, 4, 10 * M, 2, 5, 100 * M, None),
        (1, "StatefulSet", "default", db, None, 0, None, 0, 2, 1, 120 * M, 50 * M, 0, 0, 0, 50 * M,
         1, 10 * M, 1, 0, 0, 50 * M),
        (2, "ReplicaSet", "default", "big", "big", 0, None, None, 3, 2, 0, 0, 60 * M, 0, 0, 0, 0,
         None, 0, 0, 0, None),
    ):  # fmt: skip
        recorder.availability.append(row)
    fault, none = ("zoneOutage", web, 10 * M, 4), (None, None, None, None)
    for row in (
        (0, 0, "startup", "startup", *none, 0, 0, None, M // 2, M, "converged", None, None, 10,
         10, 0, 10 * M, 0, 0),
        (1, 0, "damage", "node_lost", *fault, 1, 10 * M, 11 * M, 19 * M, 20 * M, "converged",
         10 * M, 10 * M, 10, 4, 10 * M, 30 * M, 4, 2),
        (2, 1, "damage", "node_lost", *fault, 0, 10 * M, 11 * M, None, None, "open", 50 * M,
         10 * M, 2, 1, 10 * M, 50 * M, 1, 1),
        (3, 0, "damage", "eviction", *none, 0, 40 * M, 40 * M, 40 * M, 41 * M, "converged", M,
         40 * M, 10, 1, 40 * M, M, 1, 1),
    ):  # fmt: skip
        recorder.dips.append(row)
    for row in (
        (1, 10 * M, 10, 6), (1, 15 * M, 10, 8), (1, 20 * M, 10, 10), (2, 10 * M, 2, 1),
        (3, 40 * M, 10, 9), (3, 41 * M, 10, 10),
    ):  # fmt: skip
        recorder.dip_steps.append(row)
    recorder.workload_losses.append((0, web, "taint_eviction", 5, 100 * M))
    recorder.work.append((web, 3, 1, 1, 40, 2, 400 * M, 100 * M, 60 * M))
    recorder.work.append((db, 0, 0, 0, 4, 0, 40 * M, 0, 0))
    recorder.disruptions.append(("default", db, 4, 7, 1, 5 * M))
