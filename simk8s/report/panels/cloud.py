"""What was asked of the cloud's API, how much of it was refused, and how long machines took."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import cloud
from simk8s.results import format as fmt
from simk8s.results.results import Results


class Cloud:
    """A line for each action, where machines cost calls."""

    title = "Cloud API"
    order = 59

    def render(self, results: Results) -> Block | None:
        found = cloud.by_action(results)
        if found.is_empty():
            return None
        lines = [_line(row) for row in found.rows(named=True)]
        calls, refused = int(found["calls"].sum()), int(found["throttled"].sum())
        note = f"{fmt.count(calls)} calls, {fmt.count(refused)} of them refused and made again."
        waits = found["joined_us"].drop_nulls().to_list()
        if waits:
            longest = fmt.duration(max(waits))
            note += f" A machine was a node at most {longest} after it was asked for."
        open_ = int(found["unanswered"].sum())
        if open_:
            note += f" {fmt.count(open_)} were not answered before the end."
        return Block("cloud", self.title, html.table(_HEAD, lines), note)


_HEAD = ("Action", "machines", "calls", "refused", "wait until taken, median", "longest")


def _line(row: dict[str, Any]) -> list[str | Markup]:
    def wait(name: str) -> str:
        return fmt.DASH if row[name] is None else fmt.duration(row[name])

    share = fmt.share(row["throttled"] / row["calls"]) if row["calls"] else fmt.DASH
    return [
        row["action"],
        fmt.count(row["machines"]),
        fmt.count(row["calls"]),
        f"{fmt.count(row['throttled'])} ({share})",
        wait("waited_us"),
        wait("longest_us"),
    ]
