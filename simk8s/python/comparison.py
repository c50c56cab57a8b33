"""L5: variants side by side on the same seeds, as polars frames.

Law: a comparison is the folder that `simk8s compare` writes, opened. Variants of one seed meet the
same arrivals, lifetimes and faults, so differences are taken seed by seed; the first variant is
what the others are compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from simk8s.errors import Problem, UserError
from simk8s.python.own import in_one_process
from simk8s.python.plain import Classes, Duration, named, plain
from simk8s.python.running import Run, folder_for, html_table, moved, until_of
from simk8s.python.scenario import AnyPath, Scenario
from simk8s.results import compare as results
from simk8s.results.format import text
from simk8s.results.kpis import values
from simk8s.scenario import variants as variation
from simk8s.scenario.overrides import as_text

if TYPE_CHECKING:
    from simk8s.scenario.variants import Variant

Changes: TypeAlias = Mapping[str, Any] | Scenario | str
"""Of a variant: values by path; or the whole scenario, made from the compared one; or a
strategy's name.
"""


class Comparison:
    """The results of several variants on the same seeds."""

    def __init__(
        self, found: results.Comparison, folder: Path, keep: TemporaryDirectory[str] | None = None
    ) -> None:
        self._found, self.folder, self._keep = found, folder, keep

    @classmethod
    def open(cls, folder: AnyPath) -> Comparison:
        """The results that `simk8s compare` wrote."""
        return cls(results.open_comparison(Path(folder)), Path(folder))

    @property
    def variants(self) -> tuple[str, ...]:
        """Their names; the first is what the others are compared with."""
        return self._found.variants

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that each was run with."""
        return self._found.seeds

    @cached_property
    def runs(self) -> dict[tuple[str, int], Run]:
        """Every run by variant and seed: `runs["packed", 1].pods`."""
        return {(one.variant, one.seed): Run(one.results, self._keep) for one in self._found.runs}

    def table(self, name: str) -> pl.DataFrame:
        """A table of all runs, with the columns `variant` and `seed` before its own."""
        return pl.concat(
            run.table(name).select(
                pl.lit(variant).alias("variant"), pl.lit(seed).alias("seed"), "*"
            )
            for (variant, seed), run in self.runs.items()
        )

    @cached_property
    def kpis(self) -> pl.DataFrame:
        """Every KPI of every run: variant, seed, kpi, value."""
        rows = [
            (one.variant, one.seed, name, None if value is None else float(value))
            for one in self._found.runs
            for name, value in values(one.results).items()
        ]
        schema = {"variant": pl.String, "seed": pl.Int64, "kpi": pl.String, "value": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    @cached_property
    def differences(self) -> pl.DataFrame:
        """How each variant differs from the first: the mean of the paired differences, its 95 %
        interval (with two seeds or more) and a verdict: better, worse, different, same, unsure,
        one_seed.
        """
        rows = [
            (row.measure.name, cell.variant, cell.mean, d.mean, d.low, d.high, d.pairs, d.verdict)
            for row in self._found.rows
            for cell in row.cells
            if (d := cell.difference) is not None
        ]
        schema = {
            "kpi": pl.String,
            "variant": pl.String,
            "mean": pl.Float64,
            "difference": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "pairs": pl.Int64,
            "verdict": pl.String,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    @cached_property
    def summary(self) -> pl.DataFrame:
        """The KPIs that are worth a line, as people read them: one column a variant."""
        columns: dict[str, list[str]] = {
            "kpi": [row.measure.name for row in self._found.rows],
            "title": [row.measure.title for row in self._found.rows],
        }
        for variant in self.variants:
            columns[variant] = [
                text(row.cell(variant).mean, row.measure.format) for row in self._found.rows
            ]
        return pl.DataFrame(columns)

    def report(self, path: AnyPath | None = None) -> Path:
        """Draw the page, beside the runs or where you say."""
        from simk8s.report.render import write_compare

        return moved(write_compare(self.folder), path)

    def __repr__(self) -> str:
        return (
            f"<Comparison of {', '.join(self.variants)}; seeds {', '.join(map(str, self.seeds))}>"
        )

    def _repr_html_(self) -> str:
        rows = [list(row) for row in self.summary.drop("kpi").rows()]
        return html_table(["", *self.variants], rows)


def compare(
    scenario: Scenario | AnyPath,
    *,
    strategies: Iterable[str | type] | None = None,
    variants: Mapping[str, Changes] | None = None,
    seeds: int | Sequence[int] = 1,
    until: Duration | None = None,
    jobs: int = 1,
    out: AnyPath | None = None,
    audit: bool = False,
) -> Comparison:
    """Simulate variants of a scenario on the same seeds.

    One variant for each of `strategies` and `variants`; without either, those that the scenario
    names. `seeds` is how many, from the scenario's on, or which. With `jobs` above 1, runs go to
    processes of their own (a script then needs `if __name__ == "__main__":`).
    """
    from simk8s.simulation import compare as simulation

    given = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    base, chosen = _variants(given, strategies, variants)
    loaded = base._loaded
    for one in chosen:
        one.of(loaded)  # each must be a scenario before anything is simulated
    in_one_process(base._classes, jobs)
    numbers = _seeds(seeds, loaded.scenario.seed)
    folder, keep = folder_for(out)
    simulation.compare(
        loaded,
        [simulation.Variant(one.name, one.overrides) for one in chosen],
        numbers,
        out=folder,
        jobs=min(jobs, len(chosen) * len(numbers)),
        until_us=until_of(until),
        audit=audit,
    )
    return Comparison(results.open_comparison(folder), folder, keep)


def _seeds(seeds: int | Sequence[int], first: int) -> list[int]:
    found = list(range(first, first + seeds)) if isinstance(seeds, int) else list(seeds)
    if not found or len(set(found)) < len(found) or min(found) < 0:
        text = f"seeds={seeds!r} is not a number of seeds, nor a list of different ones"
        raise UserError(Problem("E401", text, hint="for example seeds=3 or seeds=[1, 2, 5]"))
    return found


def _variants(
    scenario: Scenario,
    strategies: Iterable[str | type] | None,
    variants: Mapping[str, Changes] | None,
) -> tuple[Scenario, list[Variant]]:
    """The variants, and the scenario with all classes that they name."""
    classes: Classes = dict(scenario._classes)
    found: list[Variant] = []
    for strategy in strategies or ():
        if isinstance(strategy, str):
            found += variation.of_strategies(scenario._loaded, [strategy])
        else:
            chosen = (("strategy", as_text(named(strategy, classes))),)
            found.append(variation.Variant(strategy.__name__, chosen))
    for name, changed in (variants or {}).items():
        found.append(variation.Variant(name, _changes(scenario, name, changed, classes)))
    if not found:
        found = variation.of_scenario(scenario._loaded)
    if not found:
        hint = "give strategies=[…] or variants={…}, or let the scenario have `variants`"
        raise UserError(Problem("E401", "there is nothing to compare", hint=hint))
    checked = variation.checked(found)
    return scenario._knowing(classes), checked


def _changes(
    scenario: Scenario, name: str, changed: Changes, classes: Classes
) -> tuple[tuple[str, str], ...]:
    if isinstance(changed, str):
        changed = {"strategy": changed}
    if not isinstance(changed, Scenario):
        return tuple((path, as_text(plain(v, classes, path))) for path, v in changed.items())
    more = changed._beyond(scenario)
    if more is None:
        text = f"the variant {name!r} is not made from the scenario that is compared"
        hint = "change that one with set, with_, at or every"
        raise UserError(Problem("E401", text, hint=hint))
    for known, found in changed._classes.items():
        if classes.setdefault(known, found) is not found:
            text = f"two classes are called {found.__name__!r}"
            raise UserError(Problem("E304", text, hint="give one of them another name"))
    return more
