"""A catalogue and hardware of our own, so that these tests hold whatever the folders ship."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import ClassVar, Literal

import pytest
from pydantic import Field

from simk8s.catalog import Catalog, NoParams, unknown_name
from simk8s.errors import UserError
from simk8s.scenario.distributions import DurationDistribution
from simk8s.scenario.load import load
from simk8s.scenario.types import Duration, Model, Rate

GIB = 1 << 30


class PoissonParams(Model):
    rate: Rate


class NodeCrashParams(Model):
    mtbf: DurationDistribution
    mttr: DurationDistribution


class ZoneOutageParams(Model):
    zone: str
    at: Duration
    lasts: Duration = Field(alias="for")


class CpSatParams(Model):
    max_batch: int = Field(default=200, ge=1)
    window: Duration = 1_000_000


class TraceParams(Model):
    path: str
    mode: Literal["pack", "replay"] = "pack"


class FakeCatalog:
    """The interface of `Catalog` over a dictionary; user files go to the real one."""

    extensions: ClassVar = {
        "strategies": {
            "kube_scheduler": NoParams,
            "most_allocated": NoParams,
            "first_fit": NoParams,
            "cp_sat": CpSatParams,
        },
        "controllers": {"replicaset": NoParams, "job": NoParams},
        "faults": {"node_crash": NodeCrashParams, "zone_outage": ZoneOutageParams},
        "arrivals": {"poisson": PoissonParams},
        "traces": {"openb": TraceParams},
    }

    def __init__(self, base: Path | None = None) -> None:
        self.base = base

    def names(self, folder):
        return sorted(self.extensions[folder])

    def resolve(self, folder, name):
        raise AssertionError("checking a scenario must not import components")

    def params_of(self, folder, name):
        if ".py" in name:
            return Catalog(self.base).params_of(folder, name)
        if name not in self.extensions[folder]:
            raise unknown_name(folder, name, self.names(folder))
        return self.extensions[folder][name]


class FakeKnowledge:
    machines: ClassVar = {
        "m5.4xlarge": {"cpu": 16_000, "memory": 64 * GIB, "pods": 234},
        "c5.2xlarge": {"cpu": 8_000, "memory": 16 * GIB, "pods": 58},
    }

    def profiles(self):
        return list(self.machines)

    def capacity(self, profile):
        return self.machines[profile]

    def allocatable(self, profile):
        found = self.machines[profile]
        return found | {"cpu": found["cpu"] - 100, "memory": found["memory"] - GIB}


BASE = """\
apiVersion: simk8s/v1
name: base
duration: 1h
nodes:
  - {profile: m5.4xlarge, count: 2, zones: [a, b]}
workload:
  - name: web
    arrivals: {poisson: {rate: 5/min}}
    lifetime: 5m
    template:
      spec:
        containers:
          - {name: web, resources: {requests: {cpu: 500m, memory: 1Gi}}}
faults:
  - zoneOutage: {zone: b, at: 10m, for: 5m}
strategy: kube_scheduler
"""


class Bench:
    """Write files, load scenarios, collect problems."""

    base = BASE

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalog = FakeCatalog(folder)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def load(self, text=BASE, **options):
        options.setdefault("catalog", self.catalog)
        options.setdefault("knowledge", FakeKnowledge())
        return load(self.folder / "s.yaml", text=text, **options)

    def problems(self, text, **options):
        try:
            return list(self.load(text, **options).problems)
        except UserError as error:
            return error.problems

    def one(self, text, **options):
        """The only problem, as (code, line, column, message, hint)."""
        found = self.problems(text, **options)
        assert len(found) == 1, [str(p) for p in found]
        place = found[0].place
        return found[0].code, place.line, place.column, found[0].message, found[0].hint

    def changed(self, old, new):
        assert old in BASE
        return BASE.replace(old, new)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
