"""What the timeline did to the cluster, one line an entry, with what became of it."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import actions
from simk8s.results import format as fmt
from simk8s.results.results import Results

_MOST = 40
_GOOD = ("done", "unchanged")


class Actions:
    """A table of the timeline's actions."""

    title = "Timeline"
    order = 58

    def render(self, results: Results) -> Block | None:
        found = actions.steps(results)
        if found.is_empty():
            return None
        shown = found
        if found.height > _MOST:
            bad = found.filter(~found["outcome"].is_in(_GOOD)).head(_MOST // 2)
            rest = found.join(bad, on=["t_us", "verb", "object"], how="anti")
            shown = bad.vstack(rest.head(_MOST - bad.height)).sort("t_us", maintain_order=True)
        head = ("What", "", "at", "took", "outcome")
        lines = [_line(step) for step in shown.rows(named=True)]
        good = int(found["outcome"].is_in(_GOOD).sum())
        note = f"{fmt.count(found.height)} actions, {fmt.count(good)} of them carried out."
        if shown.height < found.height:
            note += f" {shown.height} of them are shown, refused and failed ones first."
        return Block("actions", self.title, html.table(head, lines, words=2), note)


def _line(step: dict[str, Any]) -> list[str | Markup]:
    ended = step["ended_us"]
    outcome = step["outcome"]
    told = step["name"] or ""
    if step["detail"]:
        told = f"{told}: {step['detail']}" if told else step["detail"]
    took = fmt.DASH if ended is None else fmt.duration(ended - step["t_us"])
    return [
        actions.title(step["verb"], step["object"], step["objects"]),
        told,
        fmt.duration(step["t_us"]),
        took,
        outcome,
    ]
