"""Commands in this process, with a simulation and a page of straw behind them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from simk8s.cli import main as entry
from simk8s.results.results import read_manifest
from simk8s.schema.manifest import MANIFEST_NAME

TEXT = """\
apiVersion: simk8s/v1
name: tiny
seed: 3
duration: 2h
nodes: [{profile: m5.4xlarge, count: 2, zones: [a, b]}]
workload:
  - name: web
    arrivals: {poisson: {rate: 5/min}}
    lifetime: 5m
    template: {spec: {containers: [{name: web, resources: {requests: {cpu: 500m}}}]}}
strategy: kube_scheduler
"""


class Result(SimpleNamespace):
    """Exit code, stdout and stderr of a command."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory with `tiny.yaml` in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TEXT)
    return tmp_path


@pytest.fixture
def simk8s(here, capsys):
    """Run a command."""

    def command(*arguments):
        code = entry.main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return Result(code=code, out=out, err=err)

    return command


class Straw:
    """Stands in for simulation and report; remembers how it was called."""

    def __init__(self, folder: Path, comparison: Path) -> None:
        self.run_folder, self.comparison = folder, comparison
        self.calls = []
        self.manifest = {}
        self.failure = None
        self.interrupted = False

    def run_scenario(self, loaded, *, out, **options):
        self.calls.append({"loaded": loaded, "out": out, **options})
        if self.failure is not None:
            raise self.failure
        shutil.copytree(self.run_folder, out, dirs_exist_ok=True)
        path = out / MANIFEST_NAME
        path.write_text(json.dumps({**json.loads(path.read_text()), **self.manifest}))
        return SimpleNamespace(folder=out, manifest=read_manifest(out))

    def compare(self, loaded, variants, seeds, *, out, report, **options):
        self.calls.append(
            {"loaded": loaded, "variants": variants, "seeds": seeds, "out": out, **options}
        )
        shutil.copytree(self.comparison, out, dirs_exist_ok=True)
        for variant in variants:
            report(variant.name, 1)
        if self.interrupted:
            options["interrupt"].set()
        return out


@pytest.fixture
def straw(monkeypatch, small_folder, comparison_folder):
    found = Straw(small_folder, comparison_folder)

    def page(folder, results=None):
        (folder / "report.html").write_text("<html>")
        return folder / "report.html"

    def module(name, **contents):
        made = ModuleType(name)
        vars(made).update(contents)
        monkeypatch.setitem(sys.modules, name, made)

    variant = lambda name, overrides=(): SimpleNamespace(name=name, overrides=overrides)  # noqa: E731
    module("simk8s.simulation.run", run_scenario=found.run_scenario)
    module("simk8s.simulation.compare", compare=found.compare, Variant=variant)
    module("simk8s.report.render", write_run=page, write_compare=page)
    return found
