"""Quota queues: who was admitted how soon, with what quota, and what was borrowed."""

from __future__ import annotations

from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results import queues
from simk8s.results.results import Results

_MOST = 30
_HEAD = ("Queue", "Time to admission", "Admitted", "Evicted", "Waiting", "Resource", "Quota",
         "Used, mean", "Borrowed, mean", "Peak")  # fmt: skip
_NOTE = "Time to admission is the mean of those admitted; the rest are means over time."
_GIB = 1 << 30


class Quotas:
    """A table with a row for each resource of each queue, if the strategy has queues."""

    title = "Quota queues"
    order = 34

    def render(self, results: Results) -> Block | None:
        found = queues.of(results)
        if found.is_empty():
            return None
        rows: list[list[Markup | str]] = []
        before = None
        for one in found.head(_MOST).iter_rows(named=True):
            rows.append([*_whole(one, one["queue"] == before), *_resource(one)])
            before = one["queue"]
        index = queues.fairness(results)
        note = (
            _NOTE if index is None else f"{_NOTE} Jain's index of times to admission: {index:.2f}."
        )
        if found.height > _MOST:
            note += f" The first {_MOST} lines of {fmt.count(found.height)}."
        return Block("quotas", self.title, html.table(_HEAD, rows), note)


def _whole(one: dict[str, object], again: bool) -> list[Markup | str]:
    """What is said of the queue, once."""
    if again:
        return [""] * 5
    wait, waiting = one["wait_us"], one["waiting"]
    return [
        str(one["queue"]),
        fmt.text(_number(wait), "duration"),
        fmt.count(_whole_number(one["admitted"])),
        fmt.count(_whole_number(one["evicted"])),
        fmt.text(_number(waiting), "number"),
    ]


def _resource(one: dict[str, object]) -> list[Markup | str]:
    name = str(one["resource"])
    used, nominal = _number(one["used"]), _number(one["nominal"])
    words = _amount(name, used)
    share = html.meter(words, min(used / nominal, 1.0), 4) if nominal and used else words
    return [
        name,
        _amount(name, nominal),
        share,
        _amount(name, _number(one["borrowed"])),
        _amount(name, _number(one["peak"])),
    ]


def _amount(resource: str, value: float | None) -> str:
    """CPUs, GiB, GPUs or pieces."""
    if value is None:
        return fmt.DASH
    base = resource.rpartition("/")[2]
    if base in ("memory", "ephemeral-storage") or base.startswith("hugepages-"):
        return f"{value / _GIB:,.1f} GiB"
    return f"{value / 1000:,.1f}" if base in ("cpu", "gpu-milli") else f"{value:,.1f}"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _whole_number(value: object) -> int:
    return int(value) if isinstance(value, int) else 0
