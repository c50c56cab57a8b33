"""All KPIs, folded away: with what they mean, or side by side."""

from __future__ import annotations

from itertools import groupby

from markupsafe import Markup

from simk8s.report import html
from simk8s.report.kpi_table import comparing_table
from simk8s.report.panels.base import Block
from simk8s.results.compare import Comparison
from simk8s.results.kpis import Kpi, kpis
from simk8s.results.results import Results


class Numbers:
    """Tables of KPIs by group."""

    title = "All numbers"
    order = 800

    def render(self, results: Results) -> Block | None:
        found = sorted(kpis(results), key=lambda kpi: kpi.group)  # stable: order within a group
        parts = [
            html.table((group.capitalize(), "", ""), [_row(kpi) for kpi in members], words=1)
            for group, members in groupby(found, key=lambda kpi: kpi.group)
        ]
        return Block("numbers", self.title, _folded(len(found), html.join(parts)))

    def render_compare(self, comparison: Comparison) -> Block | None:
        table = comparing_table(comparison, comparison.rows)
        return Block("numbers", self.title, _folded(len(comparison.rows), table))


def _folded(count: int, tables: Markup) -> Markup:
    return Markup("<details><summary>{} numbers</summary>{}</details>").format(count, tables)


def _row(kpi: Kpi) -> list[str | Markup]:
    meaning = Markup('<span class="wrap muted">{}</span>').format(kpi.meaning)
    return [kpi.title, kpi.text, meaning]
