from __future__ import annotations

import shutil
from dataclasses import dataclass

import pytest

from simk8s.errors import UserError
from simk8s.results import compare as module
from simk8s.results.compare import Run, compare, is_comparison, open_comparison
from simk8s.results.kpis import MEASURES, Kpi

BY_NAME = {measure.name: measure for measure in MEASURES}


@dataclass
class Fake:
    """Stands for Results: only its KPIs are asked for."""

    values: dict


@pytest.fixture(autouse=True)
def fake_kpis(request, monkeypatch):
    real = module.kpis

    def kpis(results):
        if not isinstance(results, Fake):
            return real(results)
        found = []
        for name, value in results.values.items():
            m = BY_NAME[name]
            if m.shows(value):
                found.append(
                    Kpi(name, m.title, value, m.unit, m.better, m.format, m.group, m.meaning)
                )
        return found

    monkeypatch.setattr(module, "kpis", kpis)


def comparison(name, values):
    """values: variant -> {seed: value}"""
    return compare(
        Run(variant, seed, Fake({name: value}))
        for variant, by_seed in values.items()
        for seed, value in by_seed.items()
    )


def test_differences_are_taken_seed_by_seed():
    # The seeds differ by much, the variants by about one in every seed: only pairing shows it.
    row = comparison(
        "pods_lost", {"a": {1: 10, 2: 1000, 3: 300}, "b": {1: 8.9, 2: 999.0, 3: 299.1}}
    ).row("pods_lost")
    difference = row.cell("b").difference
    assert difference.mean == pytest.approx(-1)
    assert difference.low < -1 < difference.high < 0
    assert (difference.verdict, difference.pairs) == ("better", 3)
    assert row.cell("a").difference is None
    assert [cell.best for cell in row.cells] == [False, True]


@pytest.mark.parametrize(
    ("name", "other", "verdict"),
    [
        ("pods_lost", {1: 15, 2: 25.1, 3: 35}, "worse"),
        ("pods_started", {1: 15, 2: 25.1, 3: 35}, "better"),
        ("pods_created", {1: 15, 2: 25.1, 3: 35}, "different"),
        ("pods_lost", {1: 5, 2: 30, 3: 35}, "unsure"),
        ("pods_lost", {1: 10, 2: 20, 3: 30}, "same"),
        ("pods_lost", {1: 10.01, 2: 20, 3: 30.01}, "alike"),  # below one per cent
        ("pods_lost", {1: 12}, "one_seed"),
        ("pods_lost", {1: 10}, "same"),
        ("pods_lost", {1: 12, 2: 22, 3: 32}, "worse"),  # the same difference in every seed
        ("pods_lost", {1: 12, 2: 22}, "unsure"),  # in two of them it may be an accident
    ],
)
def test_verdicts(name, other, verdict):
    row = comparison(name, {"a": {1: 10, 2: 20, 3: 30}, "b": other}).row(name)
    assert row.cell("b").difference.verdict == verdict


def test_verdicts_are_corrected_for_everything_compared():
    # Alone b is better (p = 0.03); among three variants that could be luck.
    seeds = {"a": {1: 10, 2: 20, 3: 30}, "b": {1: 5, 2: 14, 3: 27}}
    alone = comparison("pods_lost", seeds).row("pods_lost").cell("b").difference
    assert (alone.verdict, alone.adjusted) == ("better", alone.found.p)
    many = comparison("pods_lost", seeds | {"c": {1: 9, 2: 22, 3: 30}, "d": {1: 12, 2: 18, 3: 31}})
    corrected = many.row("pods_lost").cell("b").difference
    assert corrected.adjusted == pytest.approx(3 * alone.found.p)
    assert corrected.verdict == "unsure"
    assert corrected.more_seeds >= 1


def test_seeds_without_a_partner_have_no_difference():
    row = comparison("pods_lost", {"a": {1: 10}, "b": {2: 20}}).row("pods_lost")
    assert row.cell("b").difference is None
    assert row.cell("b").mean == 20


def test_nobody_is_best_when_all_are_alike():
    row = comparison("pods_lost", {"a": {1: 5}, "b": {1: 5}}).row("pods_lost")
    assert not any(cell.best for cell in row.cells)


def test_a_left_out_zero_counts_as_zero_beside_another():
    row = comparison("pods_dropped", {"a": {1: 0}, "b": {1: 7}}).row("pods_dropped")
    assert [cell.mean for cell in row.cells] == [0, 7]


def test_rows_that_nobody_has_are_left_out():
    assert comparison("pods_dropped", {"a": {1: 0}, "b": {1: 0}}).row("pods_dropped") is None
    assert comparison("pods_lost", {"a": {1: 0}}).row("gpu_allocation_end") is None


def test_a_folder_opens_in_the_order_the_user_gave(comparison_folder):
    found = open_comparison(comparison_folder)
    assert found.variants == ("kube_scheduler", "best_fit", "cp_sat")
    assert found.seeds == (1, 2)
    assert [(run.variant, run.seed) for run in found.of("best_fit")] == [
        ("best_fit", 1), ("best_fit", 2),
    ]  # fmt: skip
    difference = found.row("nodes_used_mean").cell("best_fit").difference
    assert (difference.verdict, difference.pairs) == ("unsure", 2)  # after so many comparisons
    assert difference.mean < 0
    assert found.row("solves").cell("kube_scheduler").mean == 0
    assert is_comparison(comparison_folder)
    assert not is_comparison(comparison_folder / "best_fit" / "1")


def test_without_compare_json_the_folders_count(comparison_folder, tmp_path):
    folder = shutil.copytree(comparison_folder, tmp_path / "c")
    (folder / "compare.json").unlink()
    assert is_comparison(folder)
    assert open_comparison(folder).variants == ("best_fit", "cp_sat", "kube_scheduler")


def test_runs_that_are_not_there_are_named(comparison_folder, tmp_path):
    folder = shutil.copytree(comparison_folder, tmp_path / "c")
    (folder / "best_fit" / "2" / "manifest.json").unlink()
    found = open_comparison(folder)
    assert found.missing == ("best_fit, seed 2",)
    assert found.row("pods_lost").cell("best_fit").difference.pairs == 1


def test_an_empty_folder_is_told(tmp_path):
    assert not is_comparison(tmp_path)
    with pytest.raises(UserError, match="no comparison"):
        open_comparison(tmp_path)
    (tmp_path / "compare.json").write_text("{")
    with pytest.raises(UserError, match=r"compare\.json cannot be read"):
        open_comparison(tmp_path)
