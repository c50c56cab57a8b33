"""Thresholds against made-up runs: values, margins, and what cannot be measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simk8s.report.words import verdict
from simk8s.results.kpis import values
from simk8s.results.results import Results
from simk8s.results.thresholds import as_data, judge, missed
from tests import synthetic


def run(folder, *lines, **changes):
    day = replace(synthetic.SMALL, thresholds=lines, **changes)
    return Results.open(synthetic.write(day, folder))


def test_values_are_those_of_the_kpis(tmp_path):
    lines = ("startup p99 < 5s", "scheduling p50 < 1us", "cpu_utilisation_mean > 0%",
             "lost_node_crash < 1", "pods_dropped <= 0")  # fmt: skip
    found = run(tmp_path, *lines)
    kpis = values(found)
    names = ("startup_us_p99", "scheduling_us_p50", "cpu_utilisation_mean", "lost_node_crash",
             "pods_dropped")  # fmt: skip
    assert [j.value for j in judge(found)] == [pytest.approx(kpis[name]) for name in names]
    assert [str(j.threshold) for j in missed(judge(found))] == list(lines[:2])


def test_any_percentile_is_counted_from_the_table(tmp_path):
    found = run(tmp_path, "startup p37.5 > 0s", "startup p100 > 0s", "api_latency p99.9 < 1h")
    took = found.pods.collect()
    took = (took["running_us"] - took["created_us"]).drop_nulls()
    got = [j.value for j in judge(found)]
    assert got[0] == took.quantile(0.375, interpolation="linear")
    assert got[1] == took.max()
    assert 0 < got[2] < 3.6e9


def test_the_margin_is_positive_on_the_good_side(tmp_path):
    found = judge(run(tmp_path, "pods_created < 500", "pods_created > 500"))
    assert [j.margin for j in found] == [100, -100]
    assert [j.margin_text for j in found] == ["+100", "−100"]


def test_what_cannot_be_measured_is_missed(tmp_path):
    found = run(tmp_path, "gpu_allocation_end >= 0%", gpus=False)
    judged = judge(found)[0]
    assert (judged.met, judged.value, judged.margin_text) == (False, None, "–")
    assert judged.value_text == "not measurable"
    assert as_data([judged])[0]["value"] is None


def test_the_page_begins_with_what_is_missed(tmp_path):
    found = run(tmp_path, "startup p50 < 1us", "pods_created > 1")
    assert verdict(found)[0].startswith("1 of 2 thresholds missed: startup p50 < 1us (1.")


def test_a_text_that_is_no_scenario_has_no_thresholds(tmp_path):
    found = run(tmp_path)
    for text in ("", "][", "- 1", "thresholds: [nonsense]"):
        other = replace_text(found, text)
        assert judge(other) == []


def replace_text(results, text):
    manifest = results.manifest.model_copy(update={"scenario_text": text})
    return replace(results, manifest=manifest, _remembered={})
