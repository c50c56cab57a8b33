"""Percentiles of stages and of API latency, counted by hand and against another way."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.results import pooled
from simk8s.results.kpis import MEASURES, kpis, values
from simk8s.results.quantities import durations, percentile
from simk8s.schema.damage import DAMAGE
from simk8s.schema.dtypes import empty
from simk8s.schema.kpis import KPIS, QUANTITIES, STAGES
from simk8s.schema.tables import TABLES
from tests.results.made import pod, results, whole, window


def test_stages_add_up_for_every_pod(tmp_path):
    found = results(tmp_path, whole(0, 5, 1, 2, 3, 4, 5, 6, 7), whole(1, 9, 10, 20, 30))
    got = {q.name: durations(found, q).to_list() for q in STAGES}
    assert got == {
        "scheduling": [1, 10], "binding": [2, 20], "noticing": [3, 30], "pulling": [4],
        "starting": [5], "reporting": [6], "readying": [7],
    }  # fmt: skip
    assert durations(found, QUANTITIES["time_to_ready"]).to_list() == [28]
    assert percentile(found, QUANTITIES["scheduling"], 50) == 5.5
    assert values(found)["binding_us_p99"] == pytest.approx(2 + 0.99 * 18)


def test_a_pod_that_was_started_again_has_no_negative_stage(tmp_path):
    again = pod(0, created_us=0, scheduled_us=1, bound_us=2, started_us=90, running_us=10)
    assert durations(results(tmp_path, again), QUANTITIES["reporting"]).to_list() == []


def test_stages_without_latency_are_no_kpis(tmp_path):
    found = results(tmp_path, whole(0, 5, 0, 0, 0, 0, 0, 0, 0))
    names = {kpi.name for kpi in kpis(found)}
    assert {"startup_us_p99", "scheduling_us_p50"} <= names
    assert not names & {"binding_us_p50", "readying_us_p99", "time_to_ready_us_p50"}


def test_names_and_kinds_are_those_of_the_measures():
    assert {m.name: m.format for m in MEASURES} == dict(KPIS)


def test_every_quantity_reads_columns_that_exist():
    for quantity in QUANTITIES.values():
        if quantity.name != "api_latency":
            names = {**TABLES, **DAMAGE}[quantity.table].names
            assert {quantity.start, quantity.end} - {""} <= set(names)


def frame(*rows):
    return pl.DataFrame(list(rows), schema=empty(TABLES["api_requests"]).schema, orient="row")


def test_one_row_answers_with_its_own_percentiles():
    rows = frame(window(7, 10, 50, 200, 900), window(0, 1, 1, 1, 1))
    got = [pooled.percentile(rows, share) for share in (0.5, 0.9, 0.99, 1.0, 0.7)]
    assert got[:4] == [10, 50, 200, 900]
    assert got[4] == pytest.approx(30)


def test_nothing_asked_is_nothing():
    assert pooled.percentile(frame(), 0.99) is None
    assert pooled.percentile(frame(window(0, 1, 1, 1, 1)), 0.5) is None
    assert pooled.by(frame(), ("verb",), 0.99).columns == ["verb", "answered", "us"]


def test_what_was_rejected_has_no_weight():
    rows = frame(window(500, 1, 1, 1, 1), (*window(10**6, 9, 9, 9, 9)[:5], 10**6 - 1, *(9,) * 8))
    assert pooled.percentile(rows, 0.9) == pytest.approx(1, abs=0.01)


def test_weights_are_requests():
    rows = frame(window(990, 1, 1, 1, 1), window(10, 1000, 1000, 1000, 1000, "d"))
    assert pooled.percentile(rows, 0.98) == pytest.approx(1, abs=0.02)
    assert pooled.percentile(rows, 0.999) == pytest.approx(1000, rel=0.01)


KNOTS = st.lists(st.integers(0, 10**7), min_size=4, max_size=4).map(sorted)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), KNOTS), min_size=2, max_size=6), st.floats(0.4, 1))
def test_pooling_lies_between_and_agrees_with_samples(parts, share):
    rows = frame(*(window(n, *knots, client=str(i)) for i, (n, knots) in enumerate(parts)))
    got = pooled.percentile(rows, share)
    own = [pooled.percentile(rows[i : i + 1], share) for i in range(len(parts))]
    assert min(own) - 1e-6 <= got <= max(own) + 1e-6
    xs = np.linspace(0, 1, 4001)
    drawn = [np.interp(xs, pooled.SHARES, [0, *knots]) for _, knots in parts]
    weight = np.repeat([n / len(xs) for n, _ in parts], len(xs))
    flat = np.concatenate(drawn)
    below = weight[flat <= got + 1e-6].sum() / weight.sum()
    assert below >= share - 2e-3


def test_groups_are_by_their_keys():
    rows = frame(
        window(5, 10, 20, 30, 40, "a", 0), window(5, 10, 20, 30, 40, "b", 0),
        window(1, 100, 200, 300, 400, "a", 300),
    )  # fmt: skip
    got = pooled.by(rows, ("verb", "window_us"), 0.99)
    assert got["answered"].to_list() == [10, 1]
    assert got["us"].to_list() == [pytest.approx(30, abs=0.1), 300]
