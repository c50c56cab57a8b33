"""Why pods were pending: what unsuccessful attempts gave as reasons."""

from __future__ import annotations

import polars as pl
from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results import reasons
from simk8s.results.compare import Comparison
from simk8s.results.results import Results

_MOST = 12


class PendingReasons:
    """A table of reasons by attempts and pods."""

    title = "Why pods were pending"
    order = 50

    def render(self, results: Results) -> Block | None:
        outcomes = reasons.outcomes(results)
        if outcomes.is_empty():
            return None
        found = reasons.unsuccessful(results)
        ended = html.paragraph("Attempts ended: " + _outcomes(outcomes) + ".")
        everything_fits = html.paragraph("Every attempt found a node.")
        body = everything_fits if found.is_empty() else _table(found)
        note = "Reasons that unsuccessful attempts gave; one attempt can give several."
        return Block("pending-reasons", self.title, body + ended, note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        """Attempts by reason, one column per variant, mean over seeds."""
        frames = [
            reasons.unsuccessful(run.results).with_columns(
                variant=pl.lit(run.variant),
                share=1 / len(comparison.of(run.variant)),
            )
            for run in comparison.runs
        ]
        every = pl.concat(frames)
        if every.is_empty():
            return None
        means = every.group_by("text", "variant").agg(
            attempts=(pl.col("attempts") * pl.col("share")).sum(),
            pods=(pl.col("pods") * pl.col("share")).sum(),
        )
        order = means.group_by("text").agg(pl.col("attempts").max())
        texts = order.sort("attempts", "text", descending=[True, False])["text"].head(_MOST)
        cells = {(text, v): (a, p) for text, v, a, p in means.rows()}
        most = float(order["attempts"].max() or 1)  # type: ignore[arg-type]
        rows = [
            [_reason(text), *(_cell(cells.get((text, v)), most) for v in comparison.variants)]
            for text in texts.to_list()
        ]
        head = ("Reason", *comparison.variants)
        note = "Unsuccessful attempts that gave a reason, and how many pods; mean over seeds."
        return Block("pending-reasons", self.title, html.table(head, rows), note)


def _outcomes(found: pl.DataFrame) -> str:
    return ", ".join(f"{fmt.count(attempts)} {outcome}" for outcome, attempts, _ in found.rows())


def _table(found: pl.DataFrame) -> Markup:
    most = float(found["attempts"][0])
    rows = [
        [_reason(text), html.meter(fmt.count(attempts), attempts / most, 4), fmt.count(pods)]
        for text, attempts, pods in found.head(_MOST).rows()
    ]
    rest = found.slice(_MOST)
    if rest.height:
        more = f"{rest.height} other reasons"
        rows.append([_reason(more), fmt.count(int(rest["attempts"].sum())), fmt.DASH])
    return html.table(("Reason", "Attempts", "Pods"), rows)


def _reason(text: str) -> Markup:
    return Markup('<span class="wrap">{}</span>').format(text)


def _cell(found: tuple[float, float] | None, most: float) -> Markup | str:
    if found is None:
        return fmt.DASH
    attempts, pods = found
    text = f"{fmt.count(round(attempts))} ({fmt.count(round(pods))} pods)"
    return html.meter(text, attempts / most, 4)
