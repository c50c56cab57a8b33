"""Variants side by side: the same KPIs, and paired differences to the first variant.

Law: variants of one seed saw the same arrivals, lifetimes and faults, so differences are taken
seed by seed and their mean gets a t-interval; with one seed there is a difference and no interval.
Intervals are 95 % each, not adjusted for looking at many.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simk8s.errors import Problem, UserError
from simk8s.results.kpis import MEASURES, Measure, by_name, kpis
from simk8s.results.results import Results
from simk8s.schema.manifest import MANIFEST_NAME, CompareManifest

CONFIDENCE = 0.95

_ALIKE = 1e-3  # closer than this, relative, nobody is better

Verdict = Literal["better", "worse", "different", "same", "unsure", "one_seed"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a comparison."""

    variant: str
    seed: int
    results: Results


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of the paired differences to the first variant, with its interval if there is one."""

    mean: float
    low: float | None
    high: float | None
    pairs: int
    verdict: Verdict

    @property
    def sure(self) -> bool:
        """Whether the interval excludes no difference."""
        return self.verdict in ("better", "worse", "different")


@dataclass(frozen=True, slots=True)
class Cell:
    """One KPI of one variant over its seeds."""

    variant: str
    values: tuple[float, ...]
    mean: float | None
    difference: Difference | None
    best: bool


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

    def row(self, name: str) -> Row | None:
        """The KPI of that name, if it is shown."""
        return next((row for row in self.rows if row.measure.name == name), None)

    def of(self, variant: str) -> tuple[Run, ...]:
        """The runs of a variant, by seed."""
        return tuple(run for run in self.runs if run.variant == variant)

    def first(self, variant: str) -> Results:
        """The run of a variant that curves are drawn from."""
        return self.of(variant)[0].results


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
    return Comparison(
        ordered, variants, seeds, tuple(r for r in rows if r), tuple(missing), command
    )


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
                None if i == 0 else _difference(measure, base, per_variant[variant]),
                variant in best,
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


def _difference(
    measure: Measure, base: dict[int, float], other: dict[int, float]
) -> Difference | None:
    pairs = [other[seed] - base[seed] for seed in base if seed in other]
    if not pairs:
        return None
    mean = math.fsum(pairs) / len(pairs)
    half = half_width(pairs)
    if half is None:
        verdict: Verdict = "same" if mean == 0 else "one_seed"
        return Difference(mean, None, None, 1, verdict)
    low, high = mean - half, mean + half
    return Difference(mean, low, high, len(pairs), _verdict(measure, low, high))


def _verdict(measure: Measure, low: float, high: float) -> Verdict:
    if low == high == 0:
        return "same"
    if low <= 0 <= high:
        return "unsure"
    if measure.better is None:
        return "different"
    return "better" if (low > 0) == (measure.better == "higher") else "worse"


def half_width(values: Sequence[float], confidence: float = CONFIDENCE) -> float | None:
    """Half of the t-interval around the mean of independent values; None below two of them."""
    n = len(values)
    if n < 2:
        return None
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    if variance == 0:
        return 0.0
    from scipy.stats import t  # late: 0.3 s that a single run never needs

    return float(t.ppf(0.5 + confidence / 2, n - 1)) * math.sqrt(variance / n)
