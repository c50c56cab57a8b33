"""Ctrl-C in a comparison: running runs are sealed, no other starts, old results do not count."""

from __future__ import annotations

import json
import threading

import pytest

from simk8s.nodes.knowledge import machines
from simk8s.results.compare import open_comparison
from simk8s.scenario.load import load
from simk8s.simulation.compare import Variant, compare

TEXT = """\
apiVersion: simk8s/v1
name: long
duration: 300d
nodes: [{profile: m5.4xlarge, count: 50}]
workload:
  - name: web
    arrivals: {poisson: {rate: 20/min}}
    lifetime: 30s
    template: {spec: {containers: [{name: web, resources: {requests: {cpu: 500m}}}]}}
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_ends_what_runs_and_starts_nothing(tmp_path, jobs):
    loaded = load(tmp_path / "s.yaml", knowledge=machines(), text=TEXT)
    out = tmp_path / "out"
    left_over = out / "b" / "8" / "manifest.json"
    left_over.parent.mkdir(parents=True)
    left_over.write_text("{}")
    interrupt = threading.Event()
    compare(
        loaded,
        [Variant("short", (("duration", "1h"),)), Variant("b")],
        [1, 2, 3, 4, 5, 6, 7, 8],
        out=out,
        jobs=jobs,
        report=lambda variant, seed: interrupt.set(),
        interrupt=interrupt,
    )
    assert not left_over.exists()
    found = {path.parent: json.loads(path.read_text()) for path in out.glob("*/*/manifest.json")}
    assert not found[out / "short" / "1"]["interrupted"]
    assert len(found) < 8
    assert all(run["interrupted"] for path, run in found.items() if path.parent.name == "b")
    assert len(open_comparison(out).missing) == 16 - len(found)


def test_an_interrupt_before_the_first_run_leaves_nothing(tmp_path):
    loaded = load(tmp_path / "s.yaml", knowledge=machines(), text=TEXT)
    interrupt = threading.Event()
    interrupt.set()
    compare(loaded, [Variant("a")], [1, 2], out=tmp_path / "out", jobs=2, interrupt=interrupt)
    assert not list((tmp_path / "out").glob("*/*/manifest.json"))
