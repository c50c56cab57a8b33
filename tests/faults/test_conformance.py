"""Every file of faults/, and whatever SIMK8S_FAULT names."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from simk8s import catalog
from simk8s.faults.base import Fault, FaultModel
from tests.faults.conformance import check_fault, resolve, timeline

OWN = os.environ.get("SIMK8S_FAULT")
NAMES = [*catalog.names("faults"), *([OWN] if OWN else [])]


def test_the_folder_has_what_the_scenario_language_promises():
    promised = {"node_crash", "zone_outage", "api_server_outage", "api_server_overload"}
    assert promised | {"etcd_slow_disk", "etcd_leader_loss"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_conformance(name):
    check_fault(*resolve(name))


@pytest.mark.parametrize("name", NAMES)
def test_kind_is_the_key_in_a_scenario(name):
    made, _ = resolve(name)
    assert made.kind == catalog.camel(name) or name == OWN


@pytest.mark.parametrize("name", catalog.names("faults"))
def test_more_nodes_leave_the_others_faults_as_they_were(name):
    made, params = resolve(name)
    few = timeline(made, params, count=12)
    many = timeline(made, params, count=30)
    kept = [f for f in many if len(f.rows) != 1 or f.rows[0] < 12]
    assert [(f.at_us, f.target) for f in kept] == [(f.at_us, f.target) for f in few]


@pytest.mark.parametrize("name", catalog.names("faults"))
def test_params_are_read_without_numpy(name):
    code = (
        "import sys; from simk8s import catalog;"
        f"catalog.params_of('faults', {name!r});"
        "print(sorted({'numpy', 'simpy', 'scipy', 'polars'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class Backwards(FaultModel):
    kind = "backwards"

    def __init__(self, params):
        pass

    def timeline(self, context):
        for at_us in (2_000_000, 1_000_000):
            if context.nodes and at_us <= context.horizon_us:
                yield Fault(at_us, self.kind, "node-0", (0,), 5)


class Empty(Backwards):
    kind = "empty"

    def timeline(self, context):
        yield Fault(5, self.kind, "nothing", (), 5)


class Forgetful(Backwards):
    kind = "forgetful"
    calls = 0

    def timeline(self, context):
        type(self).calls += 1
        if context.nodes:
            yield Fault(self.calls, self.kind, "node-0", (0,), 5)


@pytest.mark.parametrize("broken", [Backwards, Empty, Forgetful])
def test_a_broken_model_is_found_out(broken):
    with pytest.raises(AssertionError):
        check_fault(broken, None)
