"""The page of one variant on many seeds: what to expect, how bad it may get, how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from simk8s.report import html, theme
from simk8s.report.figure import Choice, Figure, plain, rounded
from simk8s.report.panels.base import Block
from simk8s.report.words_compare import CALLED
from simk8s.results import format as fmt
from simk8s.results.compare import Comparison
from simk8s.results.sweep import Quantile, Spread, spreads

_BINS = 24
_HEAD = ("", "mean", "95 % interval", "median", "19 of 20 seeds", "worst", "seed")
_MOST_DRAWN, _MOST_TOLD = 12, 6
_SURVIVAL = ("availability_nines", "recovery_us_p95")
"""What is asked of many seeds first: how available it all is, and how fast it heals."""


def blocks(comparison: Comparison) -> list[Block]:
    """Distributions, then every number."""
    found = spreads(comparison)
    drawn = [_distributions(_drawn(found))]
    return [block for block in (*drawn, _numbers(found)) if block is not None]


def verdict(comparison: Comparison) -> tuple[str, list[str]]:
    """What to expect, in sentences."""
    found = {spread.measure.name: spread for spread in spreads(comparison)}
    told = [_sentence(found[name], called) for name, called in _called(found)]
    seeds = len(comparison.of(comparison.baseline))
    headline = f"{seeds:,} seeds of {comparison.baseline}."
    if not told:
        return headline + " Every number that counts is the same in all of them.", []
    return headline, told[:_MOST_TOLD]


def _called(found: dict[str, Spread]) -> list[tuple[str, str]]:
    return [
        (name, called)
        for name, called in sorted(CALLED.items(), key=lambda one: one[0] not in _SURVIVAL)
        if name in found and not found[name].constant
    ]


def _sentence(spread: Spread, called: str) -> str:
    how, mean = spread.measure.format, spread.mean
    interval = ""
    if mean.low is not None and mean.high is not None:
        interval = f" ({fmt.text(mean.low, how)} to {fmt.text(mean.high, how)})"
    side = "at least" if spread.measure.better == "higher" else "at most"
    return (
        f"{called[:1].upper()}{called[1:]}: {fmt.text(mean.mean, how)} on average{interval}; in 19 "
        f"of 20 seeds {side} {_quantile(spread.bad, how)}; the worst is "
        f"{fmt.text(spread.worst, how)}, seed {spread.worst_seed}."
    )


def _quantile(found: Quantile, how: fmt.Format) -> str:
    text = fmt.text(found.value, how)
    if found.low is None or found.high is None or found.low == found.high:
        return text
    return f"{text} ({fmt.text(found.low, how)} to {fmt.text(found.high, how)})"


def _drawn(found: Sequence[Spread]) -> list[Spread]:
    """What is worth a histogram: first what a verdict looks at."""
    moving = [spread for spread in found if not spread.constant]
    first = [spread for spread in moving if spread.measure.name in CALLED]
    rest = [spread for spread in moving if spread.measure.name not in CALLED]
    return [*first, *rest][:_MOST_DRAWN]


def _distributions(found: Sequence[Spread]) -> Block | None:
    if not found:
        return None
    traces = [_histogram(spread) | {"visible": not i} for i, spread in enumerate(found)]
    choices = [Choice(plain(spread.measure.title), (i,)) for i, spread in enumerate(found)]
    layout = theme.layout(
        xaxis=theme.axis(type="category", nticks=8),
        yaxis=theme.axis(title={"text": "seeds", "font": {"color": theme.MUTED}}),
        bargap=0.05,
    )
    figure = Figure("sweep-histogram", "Seeds per value", traces, layout, choices=choices)
    note = "How many seeds had a value in each range; the label is the middle of the range."
    return Block("distributions", "How seeds differ", figure.html(), note)


def _histogram(spread: Spread) -> dict[str, Any]:
    low, high = spread.values[0], spread.values[-1]
    first, width, bins = low, (high - low) / _BINS, _BINS
    if spread.measure.format == "count" and high - low < 2 * _BINS and float(low).is_integer():
        first, width, bins = low - 0.5, 1.0, int(high - low) + 1
    counts = [0] * bins
    for value in spread.values:
        counts[min(bins - 1, int((value - first) / width))] += 1
    labels: list[str] = []
    for i in range(bins):
        label = plain(fmt.text(first + (i + 0.5) * width, spread.measure.format))
        # A chart merges bars of equal labels.
        labels.append(label + "\u200b" * labels.count(label) if label in labels else label)
    return {
        "type": "bar",
        "name": plain(spread.measure.title),
        "x": labels,
        "y": rounded(counts),
        "marker": {"color": theme.BLUE},
    }


def _numbers(found: Sequence[Spread]) -> Block | None:
    if not found:
        return None
    groups = dict.fromkeys(spread.measure.group for spread in found)
    body = html.join(_group(name, [s for s in found if s.measure.group == name]) for name in groups)
    head = html.join(Markup('<th class="n">{}</th>').format(name) for name in _HEAD[1:])
    table = Markup(
        '<div class="scroll"><table class="kpis">'
        "<thead><tr><th></th>{}</tr></thead>{}</table></div>"
    ).format(head, body)
    note = (
        "Means with Student's interval; “19 of 20 seeds” is the 95th percentile of what had "
        "better be small and the 5th of what had better be large, with its exact interval."
    )
    return Block("numbers", "All numbers", table, note)


def _group(name: str, members: Sequence[Spread]) -> Markup:
    return Markup('<tbody><tr class="group"><th colspan="{}">{}</th></tr>{}</tbody>').format(
        len(_HEAD), name.capitalize(), html.join(_line(spread) for spread in members)
    )


def _line(spread: Spread) -> Markup:
    how, mean = spread.measure.format, spread.mean
    title = Markup('<td title="{}">{}</td>').format(spread.measure.meaning, spread.measure.title)
    cells = [fmt.text(mean.mean, how)]
    if spread.constant:
        cells += ["always", "", "", "", ""]
    else:
        interval = ""
        if mean.low is not None and mean.high is not None:
            interval = f"{fmt.text(mean.low, how)} to {fmt.text(mean.high, how)}"
        median, bad = fmt.text(spread.median.value, how), _quantile(spread.bad, how)
        worst = fmt.text(spread.worst, how)
        cells += [interval, median, bad, worst, str(spread.worst_seed)]
    numbers = (Markup('<td class="n">{}</td>').format(cell) for cell in cells)
    return Markup("<tr>{}{}</tr>").format(title, html.join(numbers))
