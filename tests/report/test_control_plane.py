"""Stages, objectives, thresholds, control plane: each is shown where there is something to say."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from simk8s.report.panels.components import Components
from simk8s.report.panels.control_plane import ControlPlane
from simk8s.report.panels.slos import Slos, clock
from simk8s.report.panels.stages import Stages
from simk8s.report.panels.thresholds import Thresholds
from simk8s.report.render import render_compare, render_run
from simk8s.results.compare import open_comparison
from simk8s.results.results import Results
from simk8s.schema.kpis import STAGES
from tests import synthetic


@pytest.fixture(scope="module")
def instant(tmp_path_factory):
    day = replace(synthetic.SMALL, instant=True)
    return Results.open(synthetic.write(day, tmp_path_factory.mktemp("instant")))


def figures(block):
    found = re.findall(r'data-figure="([^"]+)">(.*?)</script>', block.html, re.S)
    return {name: json.loads(text) for name, text in found}


def test_stages_are_one_stack_a_percentile(small):
    figure = figures(Stages().render(small))["stages-of-a-pod"]
    titles = [stage.title for stage in STAGES]
    assert [trace["name"] for trace in figure["data"]] == titles * 3
    median = [trace["x"][0] for trace in figure["data"][:7]]
    p99 = [trace["x"][0] for trace in figure["data"][14:]]
    assert all(low <= high for low, high in zip(median, p99, strict=True))
    assert [trace["visible"] for trace in figure["data"][::7]] == [True, False, False]


def test_stages_compared_have_a_bar_for_every_variant(comparison):
    figure = figures(Stages().render_compare(comparison))["stages-compared"]
    assert {tuple(trace["y"]) for trace in figure["data"]} == {tuple(comparison.variants)}


def test_where_nothing_takes_time_there_are_no_stages(instant, empty):
    assert Stages().render(instant) is None
    assert Stages().render(empty) is None


def test_a_run_without_latency_has_calls_but_no_curves(instant):
    block = ControlPlane().render(instant)
    assert "POST pods/binding" in block.html
    assert not figures(block)


def test_calls_clients_and_parts_are_told(small):
    block = ControlPlane().render(small)
    for word in ("POST pods/binding", "operator", "workload-high", ">etcd<", "Rejected"):
        assert word in block.html
    figure = figures(block)["api-latency"]
    names = [trace["name"] for trace in figure["data"]]
    assert names[:4] == ["median", "p99", "answered", "rejected"]
    assert len(figure["choices"]) == 6
    assert figure["layout"]["yaxis"]["type"] == "log"


def test_parts_of_the_server_are_told_once(small):
    html = Components().render(small).html
    assert "replicaset" in html
    assert "etcd" not in html
    assert "kube-apiserver" not in html


def test_objectives_name_the_worst_window(small):
    html = Slos().render(small).html
    assert html.count("badge bad") == 3
    assert re.search(r"POST pods, 06:\d\d to 0[67]:\d\d", html)


def test_objectives_need_something_to_measure(empty):
    assert Slos().render(empty) is None


@pytest.mark.parametrize(("us", "text"), [(0, "00:00"), (300e6, "00:05"), (90_000e6, "1d 01:00")])
def test_simulated_time_as_a_clock(us, text):
    assert clock(int(us)) == text


def test_a_scenario_without_thresholds_has_no_block(small):
    assert Thresholds().render(small) is None


def test_thresholds_come_first_on_the_page(tmp_path):
    day = replace(synthetic.SMALL, thresholds=("pods_lost < 1", "pods_created > 1"))
    page = render_run(Results.open(synthetic.write(day, tmp_path)))
    assert page.index('class="lead">1 of 2 thresholds missed') < page.index('class="tiles"')
    ids = re.findall(r'<section id="([^"]+)"', page)
    assert ids[:2] == ["thresholds", "slos"]


def test_a_comparison_puts_verdicts_above_its_numbers(tmp_path):
    day = replace(synthetic.SMALL, pods=120, thresholds=("nodes_used_mean < 15",))
    comparison = open_comparison(synthetic.write_comparison(tmp_path, day, seeds=(1,)))
    page = render_compare(comparison)
    ids = re.findall(r'<section id="([^"]+)"', page)
    assert ids[:3] == ["thresholds", "slos", "kpis"]
    block = Thresholds().render_compare(comparison)
    verdicts = re.findall(r'badge \w+">(\w+)<', block.html)
    assert verdicts == ["missed", "met", "met"]  # 24, 14 and 12 nodes
