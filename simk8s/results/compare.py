"""Variants side by side: the same KPIs, and paired differences to the first variant.

Law: variants of one seed saw the same arrivals, lifetimes and faults, so differences are taken
seed by seed (`statistics.py`); with one seed there is a difference and no interval. Intervals are
95 % each; a verdict is adjusted for looking at many: the KPIs that a headline speaks of (`KEY`), of
all variants, by Holm, so that one false winner among them is a matter of 5 %; the others by
Benjamini and Hochberg.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from simk8s.errors import Problem, UserError
from simk8s.results.kpis import MEASURES, Measure, by_name, kpis
from simk8s.results.results import Results
from simk8s.results.statistics import (
    CONFIDENCE,
    Paired,
    benjamini_hochberg,
    holm,
    paired,
    seeds_to_settle,
)
from simk8s.schema.manifest import MANIFEST_NAME, CompareManifest

KEY = (
    "high_priority_started", "pods_unscheduled", "pods_dropped", "pods_lost", "pods_moved",
    "pods_evicted", "availability_nines", "recovery_us_p95", "gpu_allocation_end",
    "started_within_5s", "startup_us_p50", "startup_us_p99", "nodes_used_mean", "node_cost",
)  # fmt: skip
"""What a verdict looks at, the most important first."""

_ALIKE = 1e-3  # closer than this, relative, nobody is better
_RELATIVE, _POINTS = 0.01, 0.001  # below this a difference is not worth a word
_ALPHA = 1 - CONFIDENCE

Verdict = Literal["better", "worse", "different", "same", "alike", "unsure", "one_seed"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a comparison."""

    variant: str
    seed: int
    results: Results


@dataclass(frozen=True, slots=True)
class Difference:
    """The paired differences to the first variant, and what is to be made of them."""

    found: Paired
    verdict: Verdict
    """`alike`: the interval holds only differences that are not worth a word."""
    adjusted: float | None = None
    """p-value after correction for everything that is compared."""
    more_seeds: int | None = None
    """How many more would settle what is unsure, if anything would."""

    @property
    def mean(self) -> float:
        return self.found.mean

    @property
    def low(self) -> float | None:
        return self.found.low

    @property
    def high(self) -> float | None:
        return self.found.high

    @property
    def pairs(self) -> int:
        return self.found.pairs

    @property
    def sure(self) -> bool:
        """Whether there is a difference beyond doubt."""
        return self.verdict in ("better", "worse", "different")


@dataclass(frozen=True, slots=True)
class Cell:
    """One KPI of one variant over its seeds."""

    variant: str
    values: tuple[float, ...]
    mean: float | None
    difference: Difference | None
    best: bool
    seeds: tuple[int, ...] = ()
    """Of the values."""


@dataclass(frozen=True, slots=True)
class Row:
    """One KPI over all variants; the first cell is the baseline."""

    measure: Measure
    cells: tuple[Cell, ...]

    def cell(self, variant: str) -> Cell:
        return next(cell for cell in self.cells if cell.variant == variant)


@dataclass(frozen=True)
class Comparison:
    """Everything a comparing page or summary needs."""

    runs: tuple[Run, ...]
    variants: tuple[str, ...]
    seeds: tuple[int, ...]
    rows: tuple[Row, ...]
    missing: tuple[str, ...] = ()
    command: str = ""

    @property
    def baseline(self) -> str:
        return self.variants[0]

    def identical(self, variant: str) -> bool:
        """Whether every seed of a variant is, row by row, the baseline's."""
        first = {run.seed: _digest(run) for run in self.of(self.baseline)}
        runs = self.of(variant)
        return bool(runs) and all(_digest(run) == first.get(run.seed) for run in runs)

    def row(self, name: str) -> Row | None:
        """The KPI of that name, if it is shown."""
        return next((row for row in self.rows if row.measure.name == name), None)

    def of(self, variant: str) -> tuple[Run, ...]:
        """The runs of a variant, by seed."""
        return tuple(run for run in self.runs if run.variant == variant)

    def first(self, variant: str) -> Results:
        """The run of a variant that curves are drawn from."""
        return self.of(variant)[0].results


def _digest(run: Run) -> str:
    return run.results.manifest.digest


def compare(runs: Iterable[Run], *, missing: Sequence[str] = (), command: str = "") -> Comparison:
    """Compare runs; variants in order of appearance, the first is the baseline."""
    found = tuple(runs)
    if not found:
        raise UserError(Problem("E606", "nothing to compare: no run has results"))
    variants = tuple(dict.fromkeys(run.variant for run in found))
    ordered = tuple(
        sorted(found, key=lambda run: (variants.index(run.variant), run.seed)),
    )
    seeds = tuple(sorted({run.seed for run in found}))
    values = {(run.variant, run.seed): by_name(kpis(run.results)) for run in ordered}
    rows = [_row(measure, variants, seeds, values) for measure in MEASURES]
    judged = _judged([row for row in rows if row])
    return Comparison(ordered, variants, seeds, judged, tuple(missing), command)


def open_comparison(folder: Path) -> Comparison:
    """Open DIR/<variant>/<seed>/; what compare.json promises and is not there is `missing`."""
    manifest = _read_compare_manifest(folder)
    promised = _promised(manifest) if manifest else _found(folder)
    runs, missing = [], []
    for variant, seed in promised:
        run_folder = folder / variant / str(seed)
        if (run_folder / MANIFEST_NAME).is_file():
            runs.append(Run(variant, seed, Results.open(run_folder)))
        else:
            missing.append(f"{variant}, seed {seed}")
    if not runs:
        hint = "expected <variant>/<seed>/manifest.json below it"
        raise UserError(Problem("E606", f"{folder} holds no comparison", hint=hint))
    return compare(runs, missing=missing, command=manifest.command if manifest else "")


def is_comparison(folder: Path) -> bool:
    """Whether a folder holds a comparison rather than one run."""
    if (folder / MANIFEST_NAME).is_file():
        return False
    return (folder / CompareManifest.NAME).is_file() or bool(_found(folder))


def _promised(manifest: CompareManifest) -> list[tuple[str, int]]:
    return [(variant, seed) for variant in manifest.variants for seed in manifest.seeds]


def _found(folder: Path) -> list[tuple[str, int]]:
    pairs = [
        (path.parent.parent.name, int(path.parent.name))
        for path in folder.glob(f"*/*/{MANIFEST_NAME}")
        if path.parent.name.lstrip("-").isdigit()
    ]
    return sorted(pairs)


def _read_compare_manifest(folder: Path) -> CompareManifest | None:
    path = folder / CompareManifest.NAME
    if not path.is_file():
        return None
    try:
        return CompareManifest.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise UserError(Problem("E602", f"{path} cannot be read: {first}")) from error


def _row(
    measure: Measure,
    variants: Sequence[str],
    seeds: Sequence[int],
    values: dict[tuple[str, int], dict[str, float | None]],
) -> Row | None:
    """The row of a measure; None when no variant has anything to show."""

    def of(variant: str) -> dict[int, float]:
        found = {s: values.get((variant, s), {}).get(measure.name) for s in seeds}
        # A KPI that was left out because it is zero is a zero next to one that is not.
        absent = 0.0 if measure.hide == "zero" else None
        known = {s: absent if v is None and (variant, s) in values else v for s, v in found.items()}
        return {s: v for s, v in known.items() if v is not None}

    per_variant = {variant: of(variant) for variant in variants}
    if measure.hide != "never" and not any(
        measure.shows(value) for found in per_variant.values() for value in found.values()
    ):
        return None
    means = {v: math.fsum(f.values()) / len(f) if f else None for v, f in per_variant.items()}
    best = _best(measure, means)
    base = per_variant[variants[0]]
    return Row(
        measure,
        tuple(
            Cell(
                variant,
                tuple(per_variant[variant].values()),
                means[variant],
                None if i == 0 else _difference(base, per_variant[variant]),
                variant in best,
                tuple(per_variant[variant]),
            )
            for i, variant in enumerate(variants)
        ),
    )


def _best(measure: Measure, means: dict[str, float | None]) -> set[str]:
    """The variants with the best mean, or one as good as that; nobody when all are alike."""
    known = {variant: mean for variant, mean in means.items() if mean is not None}
    if measure.better is None or len(known) < 2:
        return set()
    winner = max(known.values()) if measure.better == "higher" else min(known.values())
    best = {v for v, mean in known.items() if math.isclose(mean, winner, rel_tol=_ALIKE)}
    return best if len(best) < len(known) else set()


def _difference(base: dict[int, float], other: dict[int, float]) -> Difference | None:
    """Not yet judged: that takes all of them."""
    pairs = [other[seed] - base[seed] for seed in base if seed in other]
    return Difference(paired(pairs), "unsure") if pairs else None


def _judged(rows: Sequence[Row]) -> tuple[Row, ...]:
    """With verdicts, adjusted for how many differences are looked at."""
    key = [row for row in rows if row.measure.name in KEY]
    rest = [row for row in rows if row.measure.name not in KEY]
    adjusted = _adjusted(key, holm) | _adjusted(rest, benjamini_hochberg)
    # Of many that are open, the next to be settled must pass the strictest of Holm's levels.
    level = _ALPHA / max(1, sum(cell.difference is not None for row in key for cell in row.cells))
    return tuple(
        replace(
            row,
            cells=tuple(
                _judge(row, cell, adjusted.get((row.measure.name, cell.variant)), level)
                for cell in row.cells
            ),
        )
        for row in rows
    )


def _adjusted(
    rows: Sequence[Row], adjust: Callable[[Sequence[float]], list[float]]
) -> dict[tuple[str, str], float]:
    """Adjusted p-values by KPI and variant, of what has one."""
    found = {
        (row.measure.name, cell.variant): cell.difference.found.p
        for row in rows
        for cell in row.cells
        if cell.difference is not None
    }
    known = {place: p for place, p in found.items() if p is not None}
    return dict(zip(known, adjust(list(known.values())), strict=True))


def _judge(row: Row, cell: Cell, adjusted: float | None, level: float) -> Cell:
    if cell.difference is None:
        return cell
    found = cell.difference.found
    verdict = _verdict(row, found, adjusted)
    more = seeds_to_settle(found, level) if verdict == "unsure" else None
    return replace(cell, difference=Difference(found, verdict, adjusted, more))


def _verdict(row: Row, found: Paired, adjusted: float | None) -> Verdict:
    if found.mean == found.deviation == 0:
        return "same"
    if found.low is None or found.high is None:
        return "one_seed"
    if adjusted is None or adjusted > _ALPHA:
        within = not (counts(row, found.low) or counts(row, found.high))
        return "alike" if within else "unsure"
    if row.measure.better is None:
        return "different"
    return "better" if (found.mean > 0) == (row.measure.better == "higher") else "worse"


def counts(row: Row, difference: float) -> bool:
    """Whether a difference of that size is worth a word."""
    if row.measure.format == "share":
        return abs(difference) >= _POINTS
    return abs(difference) > _RELATIVE * abs(row.cells[0].mean or 0)
