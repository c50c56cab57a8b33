"""Runs from Python: the command line's tables and digest, as frames."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest
from pydantic import BaseModel

from simk8s import Run, UserError, compare, run
from simk8s.faults.base import Context, Fault, FaultModel
from simk8s.schema.folder import FOLDER, RARE
from simk8s.simulation.run import run_scenario
from simk8s.strategies.most_allocated import MostAllocatedStrategy
from tests.python.made import TEMPLATE, small


@pytest.fixture(scope="module")
def ran() -> Run:
    return run(small(thresholds=["pods_created > 1"]))


def test_the_digest_is_that_of_the_command_line(ran: Run, tmp_path: Path) -> None:
    from simk8s.cli.options import load_scenario

    path = small(thresholds=["pods_created > 1"]).save(tmp_path / "small.yaml")
    outcome = run_scenario(load_scenario(path), out=tmp_path / "out")
    assert ran.digest == outcome.manifest.digest
    assert Run.open(tmp_path / "out").pods.equals(ran.pods)
    assert run(path, until="5m").manifest.simulated_us == 300_000_000


@pytest.mark.parametrize("name", FOLDER)
def test_every_table_is_a_frame_with_its_columns(ran: Run, name: str) -> None:
    frame = getattr(ran, name)
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == [column.name for column in FOLDER[name].columns]
    assert frame is ran.table(name)
    assert name in dir(ran)


def test_every_table_is_typed() -> None:
    assert set(RARE) == {name for name in Run.__annotations__ if not name.startswith("_")}
    assert all(name in RARE or isinstance(vars(Run)[name], property) for name in FOLDER)


def test_tables_that_only_some_runs_have(tmp_path: Path) -> None:
    web = {"name": "web", "deployment": {"replicas": 3, "template": TEMPLATE}}
    crash = {"nodeCrash": {"at": "2m", "for": "5m"}}
    scenario = small(workload=[web], faults=[crash]).at("1m").scale("deployment/web", replicas=4)
    found = run(scenario, out=tmp_path / "out")
    written = {path.stem for path in (tmp_path / "out").glob("*.parquet")}
    assert {"availability", "actions", "dips"} <= written <= set(FOLDER)
    assert found.availability["name"].to_list() == ["web"]
    assert found.actions["verb"].to_list() == ["scale"]
    for name in FOLDER:
        assert (found.table(name).height > 0) <= (name in written)
    both = compare(scenario, strategies=["first_fit", "best_fit"], until="2m")
    assert both.table("availability")["variant"].to_list() == ["first_fit", "best_fit"]


def test_numbers_and_names(ran: Run) -> None:
    assert ran.kpis["pods_created"] == ran.pods.height > 20
    assert ran.summary.filter(pl.col("kpi") == "pods_created")["value"].item() == ran.pods.height
    assert (ran.seed, ran.warnings, ran.thresholds_met) == (3, [], True)
    assert repr(ran) == "<Run 'small', kube_scheduler, seed 3>"
    assert "<td>Pods created</td>" in ran._repr_html_()
    with pytest.raises(UserError, match="E605 there is no table 'podz'"):
        ran.table("podz")
    with pytest.raises(AttributeError, match="podz"):
        ran.podz  # noqa: B018


def test_strategy_seed_end_and_folder_are_chosen(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    found = run(small(), strategy="first_fit", seed=9, until="2m", out=out, audit=True)
    assert (found.manifest.strategy, found.seed, found.folder) == ("first_fit", 9, out)
    assert (found.manifest.simulated_us, found.manifest.audit) == (120_000_000, "passed")
    assert found.report() == out / "report.html"
    assert found.report(tmp_path / "pages" / "one.html").read_text().startswith("<!DOCTYPE html>")
    for wrong in ("soon", "0s"):
        with pytest.raises(UserError, match="until"):
            run(small(), until=wrong)


def test_results_without_a_folder_go_with_the_run(tmp_path: Path) -> None:
    found = run(small(), until="1m")
    folder, saved = found.folder, found.save(tmp_path / "kept")
    assert folder.is_dir()
    digest = found.digest
    del found
    gc.collect()
    assert not folder.exists()
    assert (saved.digest, saved.folder) == (digest, tmp_path / "kept")


def test_a_bar_changes_nothing(ran: Run) -> None:
    shown = run(small(thresholds=["pods_created > 1"]), progress=True)
    assert shown.digest == ran.digest


class Tight(MostAllocatedStrategy):
    name: ClassVar[str] = "tight"


class Cable(FaultModel):
    kind: ClassVar[str] = "cable"

    class Params(BaseModel):
        minutes: int = 3

    def __init__(self, params: Any) -> None:
        self.every_us = params.minutes * 60_000_000

    def timeline(self, context: Context) -> Iterator[Fault]:
        node = context.nodes[0]
        for at_us in range(self.every_us, context.horizon_us, self.every_us):
            yield Fault(at_us, self.kind, node.name, (node.row,), duration_us=1_000_000)


@pytest.mark.parametrize(("faults", "minutes"), [([Cable], 3), ([{Cable: {"minutes": 4}}], 4)])
def test_classes_are_extensions(faults: list[Any], minutes: int) -> None:
    found = run(small(faults=faults), strategy=Tight)
    started = found.faults.filter(pl.col("phase") == "start")["t_us"].to_list()
    assert started == [at * 60_000_000 for at in range(minutes, 10, minutes)]
    assert found.manifest.strategy == "python:tight"
    assert found.report().is_file()


def test_parameters_of_a_class_are_checked() -> None:
    with pytest.raises(UserError, match="minutez"):
        small(faults=[{type("C", (Cable,), {"Params": Strict}): {"minutez": 4}}])


class Strict(BaseModel, extra="forbid"):
    minutes: int = 3
