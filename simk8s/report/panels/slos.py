"""The official service level objectives: met, missed or not measurable, and the worst window."""

from __future__ import annotations

from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.report.verdicts import badge
from simk8s.results import format as fmt
from simk8s.results.compare import Comparison
from simk8s.results.results import Results
from simk8s.results.slos import SLOS, WINDOW_US, Judged, Series, Slo, judge

_MOST = 12
_HEAD = ("Objective", "Value", "At most", "Worst five minutes", "Counted", "Windows over")
_NOTE = (
    "SIG Scalability's: 99th percentile of five minutes, and of a day of these the 99th percentile."
)


class Slos:
    """A table of objectives; below it every verb and resource that comes near its own."""

    title = "Service level objectives"
    order = 5

    def render(self, results: Results) -> Block | None:
        found = judge(results)
        if not any(judged.series for judged in found):
            return None
        table = html.table(_HEAD, [_row(judged) for judged in found])
        series = [(j.slo, s) for j in found if j.slo.verbs for s in j.series]
        return Block("slos", self.title, table + _every(series), _NOTE)

    def render_compare(self, comparison: Comparison) -> Block | None:
        found = {
            variant: [judge(run.results) for run in comparison.of(variant)]
            for variant in comparison.variants
        }
        if not any(j.series for runs in found.values() for run in runs for j in run):
            return None
        rows = [
            [_objective(slo)]
            + [_cell([run[i] for run in found[variant]]) for variant in comparison.variants]
            for i, slo in enumerate(SLOS)
        ]
        table = html.table(("Objective", *comparison.variants), rows)
        return Block("slos", self.title, table, f"{_NOTE} Values by seed.")


def _objective(slo: Slo) -> Markup:
    return Markup('<span title="{}">{}</span><span class="diff">at most {}</span>').format(
        slo.meaning, Markup('<span class="wrap">{}</span>').format(slo.title),
        fmt.duration(slo.target_us),
    )  # fmt: skip


def _row(judged: Judged) -> list[str | Markup]:
    name = Markup('<span class="wrap" title="{}">{}</span>{}').format(
        judged.slo.meaning, judged.slo.title, badge(judged.verdict)
    )
    limit = fmt.duration(judged.slo.target_us)
    worst = judged.worst
    if worst is None:
        return [name, fmt.DASH, limit, *[fmt.DASH] * 3]
    series = judged.series
    return [
        name,
        _two_lines(fmt.duration(series[0].value_us), series[0].subject),
        limit,
        _two_lines(fmt.duration(worst.worst_us), _when(worst)),
        fmt.count(sum(each.counted for each in series)),
        f"{fmt.count(sum(s.over for s in series))} of {fmt.count(sum(s.windows for s in series))}",
    ]


def _two_lines(text: str, under: str) -> Markup:
    return Markup('{}<span class="diff">{}</span>').format(text, under)


def _when(series: Series) -> str:
    """`POST pods, 06:50 to 06:55`."""
    start = series.worst_start_us
    return f"{series.subject}, {clock(start)} to {clock(start + WINDOW_US)}"


def clock(us: int) -> str:
    """Simulated time as hours and minutes, with days where there are some: `1d 06:05`."""
    minutes = us // 60_000_000
    days, rest = divmod(minutes, 24 * 60)
    return (f"{days}d " if days else "") + f"{rest // 60:02}:{rest % 60:02}"


def _every(found: list[tuple[Slo, Series]]) -> Markup:
    """Every verb and resource, folded away, the one nearest to its target first."""
    if not found:
        return Markup("")
    found = sorted(found, key=lambda pair: -pair[1].value_us / pair[0].target_us)
    rows = [
        [
            series.subject,
            html.meter(
                fmt.duration(series.value_us),
                series.value_us / slo.target_us,
                4 if series.value_us > slo.target_us else 1,
            ),
            fmt.duration(slo.target_us),
            fmt.duration(series.worst_us),
            fmt.count(series.counted),
        ]
        for slo, series in found[:_MOST]
    ]
    table = html.table(("Calls", "Value", "Target", "Worst window", "Answered"), rows)
    more = f", the {_MOST} nearest to their target" if len(found) > _MOST else ""
    return Markup("<details><summary>{} verbs and resources{}</summary>{}</details>").format(
        len(found), more, table
    )


def _cell(found: list[Judged]) -> Markup:
    """One objective of one variant, over its seeds."""
    verdicts = [judged.verdict for judged in found]
    word = next((v for v in ("missed", "met") if v in verdicts), "not_measurable")
    values = ", ".join(fmt.text(judged.value_us, "duration") for judged in found)
    return Markup('{}<span class="diff">{}</span>').format(badge(word), values)
