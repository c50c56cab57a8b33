"""L5: one run: simulate, and read what came of it as polars frames.

Law: a run is the folder that `simk8s run` writes, opened; without `out` it lives in a temporary
folder for as long as the object does. The digest is the command line's.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl

from simk8s.catalog import suggest
from simk8s.errors import Problem, UserError
from simk8s.python.plain import Duration, duration
from simk8s.python.scenario import AnyPath, Named, Scenario
from simk8s.results.kpis import kpis, values
from simk8s.results.results import Results
from simk8s.results.thresholds import judge
from simk8s.schema.folder import FOLDER

if TYPE_CHECKING:
    from simk8s.cli.progress import SimulatedTime
    from simk8s.schema.manifest import Manifest


class Run:
    """The results of one run. Each table is a frame: `run.pods`, `run.nodes`, … (docs/results.md);
    times in it are simulated microseconds.
    """

    # Tables that only some runs have, for type checkers and editors; `__getattr__` answers.
    actions: pl.DataFrame
    availability: pl.DataFrame
    bounds: pl.DataFrame
    cloud_calls: pl.DataFrame
    dip_steps: pl.DataFrame
    dips: pl.DataFrame
    disruptions: pl.DataFrame
    explanations: pl.DataFrame
    fragmentation: pl.DataFrame
    node_use: pl.DataFrame
    queues: pl.DataFrame
    solve_curve: pl.DataFrame
    usage: pl.DataFrame
    work: pl.DataFrame
    workload_losses: pl.DataFrame

    def __init__(self, results: Results, keep: TemporaryDirectory[str] | None = None) -> None:
        self._results = results
        self._keep = keep
        self._frames: dict[str, pl.DataFrame] = {}

    @classmethod
    def open(cls, folder: AnyPath) -> Run:
        """The results that `simk8s run` wrote."""
        return cls(Results.open(Path(folder)))

    # --- tables

    def table(self, name: str) -> pl.DataFrame:
        """A table by its name (docs/results.md); one that this run did not write has no rows."""
        if name not in FOLDER:
            near = suggest(name, FOLDER)
            hint = f"did you mean {near!r}?" if near else f"tables: {', '.join(FOLDER)}"
            raise UserError(Problem("E605", f"there is no table {name!r}", hint=hint))
        if name not in self._frames:
            self._frames[name] = self._results.table(name).collect()
        return self._frames[name]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Tables that have no property below."""
            if name in FOLDER:
                return self.table(name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *FOLDER})

    @property
    def pods(self) -> pl.DataFrame:
        """One row a pod: what it asked for, where it ran, when it got how far."""
        return self.table("pods")

    @property
    def nodes(self) -> pl.DataFrame:
        """One row a node."""
        return self.table("nodes")

    @property
    def timeseries(self) -> pl.DataFrame:
        """The whole cluster at each sampling instant."""
        return self.table("timeseries")

    @property
    def node_samples(self) -> pl.DataFrame:
        """Each node at each sampling instant."""
        return self.table("node_samples")

    @property
    def decisions(self) -> pl.DataFrame:
        """Every decision of the scheduler."""
        return self.table("decisions")

    @property
    def reasons(self) -> pl.DataFrame:
        """Why pods did not fit."""
        return self.table("reasons")

    @property
    def solves(self) -> pl.DataFrame:
        """Every solve of a strategy that solves."""
        return self.table("solves")

    @property
    def faults(self) -> pl.DataFrame:
        """What failed, and when."""
        return self.table("faults")

    @property
    def controllers(self) -> pl.DataFrame:
        """How busy each component was."""
        return self.table("controllers")

    @property
    def api_requests(self) -> pl.DataFrame:
        """Requests and latencies of the API server, by kind."""
        return self.table("api_requests")

    # --- numbers

    @cached_property
    def kpis(self) -> dict[str, float | None]:
        """Every KPI by name (docs/results.md); None where it does not exist in this run."""
        return dict(values(self._results))

    @cached_property
    def summary(self) -> pl.DataFrame:
        """The KPIs that are worth a line: name, title, value, unit, and as people read it."""
        found = kpis(self._results)
        return pl.DataFrame(
            {
                "kpi": [kpi.name for kpi in found],
                "title": [kpi.title for kpi in found],
                "value": [None if kpi.value is None else float(kpi.value) for kpi in found],
                "unit": [kpi.unit for kpi in found],
                "text": [kpi.text for kpi in found],
            },
            schema_overrides={"value": pl.Float64},
        )

    @property
    def thresholds_met(self) -> bool:
        """Whether every threshold of the scenario is met; also when it has none."""
        return all(judged.met for judged in judge(self._results))

    # --- what it was

    @property
    def folder(self) -> Path:
        """Where its tables are."""
        return self._results.folder

    @property
    def manifest(self) -> Manifest:
        """What was run, with which versions, and how it ended."""
        return self._results.manifest

    @property
    def digest(self) -> str:
        """Of all tables; the same scenario, seed and versions give the same digest."""
        return self.manifest.digest

    @property
    def seed(self) -> int:
        """The seed of every random stream."""
        return self.manifest.seed

    @property
    def warnings(self) -> list[str]:
        """What the user should know."""
        return list(self.manifest.warnings)

    def report(self, path: AnyPath | None = None) -> Path:
        """Draw the page, beside the tables or where you say."""
        from simk8s.report.render import write_run

        return moved(write_run(self.folder), path)

    def save(self, folder: AnyPath) -> Run:
        """Copy the results to a folder of your own and open them there."""
        shutil.copytree(self.folder, Path(folder), dirs_exist_ok=True)
        return Run.open(folder)

    def __repr__(self) -> str:
        manifest = self.manifest
        return f"<Run {manifest.scenario!r}, {manifest.strategy}, seed {manifest.seed}>"

    def _repr_html_(self) -> str:
        return html_table([], [[row["title"], row["text"]] for row in self.summary.to_dicts()])


def run(
    scenario: Scenario | AnyPath,
    *,
    strategy: Named | None = None,
    seed: int | None = None,
    until: Duration | None = None,
    out: AnyPath | None = None,
    audit: bool = False,
    progress: bool = False,
) -> Run:
    """Simulate a scenario (or the file of one).

    `strategy` and `seed` in place of the scenario's; `until` ends it earlier; `out` is a folder to
    keep the results in; `audit` recounts all state from scratch along the way.
    """
    from simk8s.simulation.run import run_scenario

    chosen = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    if strategy is not None:
        chosen = chosen.with_(strategy=strategy)
    loaded, until_us = chosen._loaded, until_of(until)
    end_us = min(loaded.scenario.duration, until_us or loaded.scenario.duration)
    folder, keep = folder_for(out)
    with _shown(progress, loaded.scenario.name, end_us) as probe:
        run_scenario(loaded, out=folder, seed=seed, until_us=until_us, progress=probe, audit=audit)
    return Run(Results.open(folder), keep)


@contextmanager
def _shown(wanted: bool, label: str, until_us: int) -> Iterator[SimulatedTime | None]:
    if not wanted:
        yield None
        return
    from simk8s.cli.progress import bar

    with bar(label, until_us, always=True) as probe:
        yield probe


def until_of(until: Duration | None) -> int | None:
    """In microseconds; the words are the command line's."""
    from simk8s.cli.options import until_us

    return until_us(None if until is None else duration(until))


def folder_for(out: AnyPath | None) -> tuple[Path, TemporaryDirectory[str] | None]:
    """The folder that was asked for, or one that goes with the object returned beside it."""
    if out is None:
        keep = TemporaryDirectory(prefix="simk8s-")
        return Path(keep.name), keep
    from simk8s.cli.options import writable_folder

    return writable_folder(Path(out)), None


def moved(page: Path, path: AnyPath | None) -> Path:
    """The page, where it was asked for."""
    if path is None:
        return page
    from simk8s.cli.options import writable_folder

    target = Path(path)
    writable_folder(target.parent)
    shutil.copyfile(page, target)
    return target


def html_table(head: list[str], rows: list[list[str]]) -> str:
    """A table for notebooks."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{f'<thead><tr>{top}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
