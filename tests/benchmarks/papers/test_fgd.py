"""FGD's table: Go's generator, the statistics, and one published seed decision for decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import pytest

from benchmarks.papers._drive import drive, typical
from benchmarks.papers._fgd_figures import Figures
from benchmarks.papers._fgd_page import Page
from benchmarks.papers._go_random import GoRandom
from benchmarks.papers._openb import NodeRow, Openb, PodRow
from benchmarks.papers._paired import paired
from benchmarks.papers._runs import OURS, POLICIES, Run, Task
from benchmarks.papers._stand_ins import LIKE, stand_in

SHARED = Path(__file__).parents[4] / "shared"
needs_fgd = pytest.mark.skipif(not (SHARED / "fgd").is_dir(), reason="no ../shared/fgd")


def test_go_random_draws_as_go_does() -> None:
    draws = GoRandom(1)
    # The first of rand.New(rand.NewSource(1)): Intn(100) six times, as the Go tour shows it.
    assert [draws.intn(100) for _ in range(6)] == [81, 87, 47, 59, 81, 18]
    assert sorted(draws.perm(50)) == list(range(50))
    assert 0.0 <= draws.float64() < 1.0
    items = list(range(50))
    draws.shuffle(items)
    assert sorted(items) == list(range(50)) != items


def test_paired_interval_by_hand() -> None:
    # Gaps 1, 2, 3: mean 2, s = 1, t(0.975, 2) = 4.3027, half = 4.3027 / sqrt(3).
    found = paired([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert found.mean == pytest.approx(2.0)
    assert found.half == pytest.approx(2.4841, abs=1e-4)
    assert (found.above, found.pairs) == (3, 3)


def pod(name: str, cpu: int, gpus: int = 0, milli: int = 0) -> PodRow:
    return PodRow(name, cpu, 1, gpus, milli, ())


def test_the_curve_counts_dropped_pods_as_arrived() -> None:
    pods = [pod("a", 1, 1, 1000), pod("b", 1, 1, 600), pod("c", 1, 1, 600), pod("d", 9_999)]
    driven = drive("best_fit", {}, pods, [NodeRow("n", 10, 10, 2, "T4")], pods, 1)
    assert driven.nodes == ["n", "n", "", ""]
    assert driven.devices == ["0", "1", "", ""]
    assert driven.curve(2_000) == {50: 50.0, 80: 80.0, 110: 80.0}


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_is_driven(policy: str) -> None:
    pods = [pod(f"p{i}", 4_000, i % 3, (500, 1000)[i % 3 == 2] if i % 3 else 0) for i in range(30)]
    nodes = [NodeRow(f"n{i}", 32_000, 100, 2, "T4") for i in range(3)]
    name, params = POLICIES[policy]
    first, again = (drive(name, params, pods, nodes, pods, 3) for _ in range(2))
    assert first == again
    assert sum(map(bool, first.nodes)) >= 9


def page(fgd: float, ours: float, *, random: float = 86.0, same_order: bool = True) -> Page:
    levels = {"Random": random, "FGD": fgd, OURS: ours}
    runs = {
        Task("default", policy, seed): Run(
            {100: level + seed / 1000, 130: level}, 0 if (policy, seed) == ("FGD", 42) else None
        )
        for policy, level in levels.items()
        for seed in (42, 47, 48)
    }
    published = {
        ("default", policy, seed): {100: round(95.0 + seed / 1000, 2), 130: 95.0}
        for policy in levels
        for seed in (42, 47, 48)
    }
    return Page(Figures(published, runs, [42, 47, 48]), {"default": [96.3]}, [], same_order)


def test_the_gate_is_kept_and_missed() -> None:
    assert page(95.0, 96.0).missed() == []
    assert "| +1.00 ± 0.00 |" in page(95.0, 96.0).render()
    words = " ".join(page(95.02, 94.0, random=85.0, same_order=False).missed())
    for part in ("order of arrival", "FGD: 0.0", "Random: 1.2", "not above FGD at 130 %"):
        assert part in words


def some_pods() -> list[PodRow]:
    kinds = [(0, 0)] * 40 + [(1, 500)] * 60 + [(1, 1000)] * 90 + [(8, 1000)] * 4
    return [pod(f"p{i:03}", 1_000 + i, *kind) for i, kind in enumerate(kinds)]


def share(pods: list[PodRow], chosen: Callable[[PodRow], bool], by: str = "gpu_milli") -> float:
    weigh = (lambda _: 1) if by == "pods" else attrgetter(by)
    return sum(weigh(p) for p in pods if chosen(p)) / sum(map(weigh, pods))


@pytest.mark.parametrize(
    ("name", "by", "chosen", "wanted"),
    [
        ("cpu250", "pods", lambda p: not p.gpus, 0.25),
        ("cpu400", "pods", lambda p: not p.gpus, 0.4),
        ("cpu050", "pods", lambda p: not p.gpus, 0.05),
        ("gpushare40", "gpu_milli", lambda p: p.milli < 1000, 0.4),
        ("gpushare100", "gpu_milli", lambda p: p.milli < 1000, 1.0),
        ("multigpu50", "gpu_milli", lambda p: p.gpus > 1, 0.5),
        ("gpuspec33", "gpus", lambda p: p.models, 0.33),
    ],
)
def test_a_stand_in_has_the_share_that_its_name_says(
    name: str, by: str, chosen: Callable[[PodRow], bool], wanted: float
) -> None:
    default = some_pods()
    models = [replace(p, models=(f"M{p.milli}",)) for p in default if p.gpus]
    pods = stand_in(name, default, models)
    if by == "gpus":
        pods, by = [p for p in pods if p.gpus], "pods"
    assert share(pods, chosen, by) == pytest.approx(wanted, abs=0.02)
    assert stand_in(name, default, models) == stand_in(name, default, models)
    shapes = {(p.cpu, p.gpus, p.milli) for p in default}
    assert {(p.cpu, p.gpus, p.milli) for p in pods} <= shapes
    assert all(p.models in ((), (f"M{p.milli}",)) for p in pods)


def test_stand_ins_are_held_to_the_gate_if_the_list_is_published() -> None:
    levels = {"FGD": 95.0, OURS: 94.0}
    lists = (LIKE + "cpu250", LIKE + "cpu400")
    runs = {Task(t, p, 47): Run({100: y, 130: y}, None) for t in lists for p, y in levels.items()}
    published = {("cpu250", "FGD", seed): {100: 93.0, 130: 93.5} for seed in (42, 47)}
    found = Page(Figures(published, runs, [42, 47]), {}, lists, same_order=True)
    assert found.missed() == [f"{lists[0]}: {OURS} is not above FGD at {x} %" for x in (100, 130)]
    assert "| cpu250 | 93.00 | 95.00 | 94.00 | -1.00 | 93.50 |" in found.render()


def test_a_curve_of_another_list_off_by_more_than_a_hundredth_is_missed() -> None:
    runs = {Task("cpu050", "DotProd", 42): Run({1: 1.0, 2: 1.98}, None)}
    figures = Figures({("cpu050", "DotProd", 42): {1: 1.0, 2: 2.0}}, runs, [42])
    page = Page(figures, {"cpu050": [96.0]}, [], same_order=True)
    assert page.missed() == ["cpu050, DotProd: 0.020 from a published curve"]
    short = Figures({("cpu050", "DotProd", 42): {1: 1.0, 3: 2.0}}, runs, [42])
    assert short.largest("cpu050", "DotProd") == float("inf")


@needs_fgd
def test_orders_are_the_published_ones() -> None:
    openb = Openb(SHARED)
    for seed in (42, 51):
        pods, nodes = openb.arrivals(openb.pods("default"), seed)
        assert ([p.name for p in pods], [n.name for n in nodes]) == openb.order(seed)


@needs_fgd
def test_models_in_another_spelling_are_another_typical_pod() -> None:
    listed = Openb(SHARED).pods("gpuspec20")
    spelt = [("V100M16", "V100M32"), ("V100M16", "V100M32", "V100M32")]
    told = [shape for shape in typical(listed) if shape.gpu_models in spelt]
    assert {shape.gpu_models for shape in told} == set(spelt)
    assert sum(shape.count for shape in told) == sum(p.models in spelt for p in listed) > 100


@needs_fgd
@pytest.mark.parametrize("policy", ["FGD", "GpuClustering"])
def test_the_beginning_of_seed_42_is_placed_as_published(policy: str) -> None:
    openb, count = Openb(SHARED), 800
    pods, nodes = openb.arrivals(openb.pods("default"), 42)
    name, params = POLICIES[policy]
    driven = drive(name, params, pods[:count], nodes, openb.pods("default"), 42)
    own = zip((p.name for p in pods), driven.nodes, driven.devices, strict=False)
    assert list(own) == openb.placements(policy)[:count]
    published, curve = openb.curves()["default", policy, 42], driven.curve(openb.capacity)
    whole = sorted(curve)[:-1]  # the last percent is not complete
    assert len(whole) >= 8
    assert all(abs(curve[x] - published[x]) <= 0.01 for x in whole)
