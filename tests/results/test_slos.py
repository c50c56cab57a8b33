"""The official objectives, counted by hand."""

from __future__ import annotations

import pytest

from simk8s.results import slos
from simk8s.results.kpis import values
from tests import synthetic
from tests.results.made import S, pod, results, window

NO_LAG = "controlPlane: {apiServer: {watchLag: 0s}}\n"
WINDOW, DAY = slos.WINDOW_US, slos.DAY_US


def startup(folder, *pods, attempts=(), text=NO_LAG):
    return slos.judge(results(folder, *pods, attempts=attempts, text=text))[0]


def ran(row, took, created=0, **more):
    return pod(row, created_us=created, running_us=created + took, **more)


def calls(folder, *windows):
    return slos.judge(results(folder, requests=windows, text=NO_LAG))[1:]


def test_five_seconds_are_met_and_a_microsecond_more_is_not(tmp_path):
    assert startup(tmp_path / "a", ran(0, 5 * S)).verdict == "met"
    late = startup(tmp_path / "b", ran(0, 5 * S + 1))
    assert (late.verdict, late.value_us) == ("missed", 5 * S + 1)


def test_the_watchs_lag_counts(tmp_path):
    text = "controlPlane: {apiServer: {watchLag: 100ms}}"
    assert startup(tmp_path, ran(0, S), text=text).value_us == 1.1 * S


def test_image_pull_and_init_containers_do_not(tmp_path):
    found = startup(tmp_path, ran(0, 90 * S, image_pull_us=60 * S, init_us=28 * S))
    assert found.value_us == 2 * S


@pytest.mark.parametrize(
    ("more", "outcome", "counted"),
    [
        ({}, None, 1),  # by nodeName
        ({}, "bound", 1),
        ({}, "stale", 1),
        ({}, "error", 1),
        ({}, "unschedulable", 0),
        ({}, "preempting", 0),
        ({"stateful": True}, "bound", 0),
        ({"running_us": None}, "bound", 0),
    ],
)
def test_who_is_schedulable_and_stateless(tmp_path, more, outcome, counted):
    attempts = [] if outcome is None else [(0, outcome)]
    found = startup(tmp_path, pod(0, **({"running_us": S} | more)), attempts=attempts)
    assert sum(series.counted for series in found.series) == counted
    assert found.verdict == ("met" if counted else "not_measurable")


def test_the_99th_of_a_hundred_windows_is_not_the_worst(tmp_path):
    pods = [ran(i, S, i * WINDOW) for i in range(99)]
    found = startup(tmp_path, *pods, ran(99, 60 * S, 99 * WINDOW))
    assert (found.verdict, found.value_us) == ("met", S)
    series = found.worst
    assert (series.worst_us, series.worst_start_us) == (60 * S, 99 * WINDOW)
    assert (series.windows, series.over) == (100, 1)


def test_below_a_hundred_windows_the_worst_decides(tmp_path):
    pods = [ran(i, S, i * WINDOW) for i in range(50)]
    assert startup(tmp_path, *pods, ran(50, 60 * S, 50 * WINDOW)).value_us == 60 * S


def test_the_worst_day_decides(tmp_path):
    good = [ran(i, S, i * WINDOW) for i in range(288)]
    bad = [ran(300 + i, 7 * S, DAY + i * WINDOW) for i in range(2)]
    found = startup(tmp_path, *good, *bad)
    assert (found.verdict, found.value_us) == ("missed", 7 * S)


def test_calls_are_judged_by_verb_and_resource(tmp_path):
    mutating, get, listed = calls(
        tmp_path,
        window(10, 1, 1, S, 9 * S),
        window(10, 1, 1, 2 * S, 9 * S, verb="PATCH", resource="pods/status", start=WINDOW),
        window(10, 1, 1, S + 1, S + 1, verb="GET"),
        window(10, 1, 1, 30 * S, 40 * S, verb="LIST", resource="nodes"),
    )
    assert [(s.subject, s.value_us) for s in mutating.series] == [
        ("PATCH pods/status", 2 * S), ("POST pods", S),
    ]  # fmt: skip
    assert [j.verdict for j in (mutating, get, listed)] == ["missed", "missed", "met"]
    assert mutating.worst.worst_start_us == WINDOW


def test_watches_and_deletions_of_many_are_in_none(tmp_path):
    found = calls(
        tmp_path, window(9, 9, 9, 9 * S, 9 * S, verb="WATCH"),
        window(9, 9, 9, 9 * S, 9 * S, verb="DELETECOLLECTION"),
    )  # fmt: skip
    assert [j.verdict for j in found] == ["not_measurable"] * 3


def test_clients_of_one_window_are_pooled(tmp_path):
    found = calls(
        tmp_path, window(9990, 1, 1, 1, 1, "many"), window(10, 8 * S, 8 * S, 8 * S, 8 * S, "few")
    )[0]
    assert (found.verdict, found.series[0].counted) == ("met", 10_000)
    assert found.value_us < 2


def test_kpis_and_json_say_the_same(small):
    found = slos.judge(small)
    data = slos.as_data(found)
    kpis = values(small)
    assert [kpis[f"{row['slo']}_us"] for row in data] == [row["value_us"] for row in data]
    assert [row["verdict"] for row in data] == [j.verdict for j in found]
    first = data[0]["worst_window"]
    assert first["end_us"] - first["start_us"] == WINDOW
    # The made-up outage: half an hour in which everything takes 30 times as long.
    assert data[1]["verdict"] == "missed"
    assert synthetic.OUTAGE_US <= data[1]["worst_window"]["start_us"] < 7 * 3600 * S


def test_nothing_happened(tmp_path):
    found = slos.judge(results(tmp_path))
    assert {j.verdict for j in found} == {"not_measurable"}
    assert slos.as_data(found)[0]["worst_window"] is None
