"""The rows of the Philly trace, and how many GPUs they would hold if nobody waited.

Law: what is wrong in the file is a `UserError` with file and line; a file that has not changed is
read once, however many entries of a scenario name it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from simk8s.errors import Place, Problem, UserError
from simk8s.workload.traces._csv import CODE, Row, read_rows

GPUS_OF_NODE = 8
_COLUMNS = ("timestamp", "duration", "num_gpus", "cluster")
_EPOCH = datetime(1970, 1, 1)
"""The file names no zone; differences alone matter."""
_MOST = 2**40


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the file."""

    submitted_s: int
    duration_s: int
    gpus: int
    cluster: str

    @property
    def pods(self) -> list[int]:
        """GPUs of each of its pods."""
        whole, rest = divmod(self.gpus, GPUS_OF_NODE)
        return [GPUS_OF_NODE] * whole + [rest] * (rest > 0)


@dataclass(frozen=True, slots=True, eq=False)
class Jobs:
    """All rows of a file; equal is the same object, so that it can be remembered by."""

    rows: tuple[Job, ...]


def read_jobs(path: Path, first: date | None = None, last: date | None = None) -> Sequence[Job]:
    """Jobs submitted on these days, in order of submission; there is at least one."""
    try:
        found = path.stat()
    except OSError as error:
        raise UserError(Problem("E303", f"the file {path} does not exist")) from error
    jobs = _all_jobs(path, found.st_mtime_ns, found.st_size)
    chosen = _between(jobs, first, last)
    if not chosen:
        text = "no job was submitted between these days" if jobs.rows else "the file lists no job"
        raise UserError(Problem(CODE, text, Place(str(path), 1, 1)))
    return chosen


@lru_cache(maxsize=2)
def _between(jobs: Jobs, first: date | None, last: date | None) -> tuple[Job, ...]:
    start = _seconds(first) if first is not None else 0
    end = _seconds(last + timedelta(days=1)) if last is not None else _MOST
    return tuple(job for job in jobs.rows if start <= job.submitted_s < end)


def _seconds(day: date) -> int:
    return (day - _EPOCH.date()).days * 86_400


@lru_cache(maxsize=2)
def _all_jobs(path: Path, changed_ns: int, size: int) -> Jobs:
    """Every job of a file that has not changed since."""
    rows = sorted(map(_job, read_rows(path, _COLUMNS)), key=lambda job: job.submitted_s)
    return Jobs(tuple(rows))


def _job(row: Row) -> Job:
    cluster = row.text("cluster")
    if not cluster:
        row.wrong("cluster", "`cluster` is empty")
    return Job(
        submitted_s=_timestamp(row),
        duration_s=row.whole("duration", most=_MOST),
        gpus=row.whole("num_gpus", least=1, most=1 << 14),
        cluster=cluster,
    )


def _timestamp(row: Row) -> int:
    text = row.text("timestamp")
    try:
        since = datetime.fromisoformat(text).replace(tzinfo=None) - _EPOCH
    except ValueError:
        row.wrong("timestamp", f"`timestamp` must be as 2017-10-09 07:01:55, got {text[:40]!r}")
        return 0
    return since.days * 86_400 + since.seconds


def peak_gpus(jobs: Sequence[Job]) -> int:
    """The most GPUs held at once if every job starts when it is submitted; one that ends in the
    second in which another starts has left by then.
    """
    changes = [(job.submitted_s, job.gpus) for job in jobs]
    changes += [(job.submitted_s + job.duration_s, -job.gpus) for job in jobs]
    held = peak = 0
    for _, change in sorted(changes):
        held += change
        peak = max(peak, held)
    return peak
