"""The scenario's thresholds: met or missed, the value, and by how much."""

from __future__ import annotations

from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.report.verdicts import badge
from simk8s.results.compare import Comparison
from simk8s.results.results import Results
from simk8s.results.thresholds import Judged, judge


class Thresholds:
    """A table of thresholds; a run whose scenario has none has no block."""

    title = "Thresholds"
    order = 0

    def render(self, results: Results) -> Block | None:
        found = judge(results)
        if not found:
            return None
        rows = [
            [_verdict(j), str(j.threshold), j.value_text, j.margin_text]
            for j in sorted(found, key=lambda j: j.met)
        ]
        table = html.table(("", "Threshold", "Value", "Margin"), rows, words=2)
        note = "Margin: how far the value is on the good side. What cannot be measured is missed."
        return Block("thresholds", self.title, table, note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        lines: dict[str, dict[str, list[Judged]]] = {}
        for run in comparison.runs:
            for judged in judge(run.results):
                of_line = lines.setdefault(str(judged.threshold), {})
                of_line.setdefault(run.variant, []).append(judged)
        if not lines:
            return None
        rows = [
            [line, *(_cell(found.get(variant, [])) for variant in comparison.variants)]
            for line, found in lines.items()
        ]
        table = html.table(("Threshold", *comparison.variants), rows)
        note = "Values by seed; missed as soon as one seed misses it."
        if len(comparison.seeds) == 1:
            note = f"Seed {comparison.seeds[0]}."
        return Block("thresholds", self.title, table, note)


def _verdict(judged: Judged) -> Markup:
    return badge("met" if judged.met else "missed")


def _cell(found: list[Judged]) -> Markup:
    """One threshold of one variant, over its seeds."""
    if not found:
        return Markup('<span class="muted">–</span>')
    met = badge("met" if all(judged.met for judged in found) else "missed")
    values = ", ".join(judged.value_text for judged in found)
    return Markup('{}<span class="diff">{}</span>').format(met, values)
