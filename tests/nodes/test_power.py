"""Watts: every machine has some, published ones where there are any, and a scenario's go first."""

from __future__ import annotations

import pytest

from simk8s.nodes import power
from simk8s.nodes.profiles import profile, profile_names
from simk8s.scenario.power import Power
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import CPU


def spec(cpu=8_000, **other):
    return NodeSpec("n", {}, {CPU: cpu}, **other)


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_draws_more_at_work(name):
    machine = profile(name)
    gpus = {"gpu_count": machine.gpu_count, "gpu_model": machine.gpu_model or ""}
    found = power.watts_of(spec(machine.cpu_milli, profile=name, **gpus))
    assert 0 < found.idle < found.busy
    assert (0 < found.gpu_idle < found.gpu_busy) == bool(machine.gpu_count)
    assert not found.verified, "no provider publishes what an instance draws"


def test_an_instance_draws_its_share_of_a_machine():
    found = power.watts_of(spec(15_890, profile="m5.4xlarge", capacity={CPU: 16_000}))
    assert (found.idle, found.busy) == (pytest.approx(16 * 0.74), pytest.approx(16 * 3.5))


@pytest.mark.parametrize(
    ("model", "watts"),
    [
        ("T4", (10, 70)), ("V100-32GB", (30, 300)), ("V100M16", (30, 300)),
        ("A100-80GB", (50, 400)),
        ("A10G", (18, 153)), ("H100-94GB", (50, 400)), ("H100-80GB", (88, 700)), ("M60", (25, 250)),
    ],
)  # fmt: skip
def test_gpus_go_by_their_model(model, watts):
    found = power.watts_of(spec(gpu_count=2, gpu_model=model))
    assert (found.gpu_idle, found.gpu_busy) == watts


def test_nodes_of_the_trace_have_the_packages_of_pwr():
    """Two Xeon 8163 of 24 cores are 96 threads."""
    found = power.of_trace(spec(96_000, gpu_count=2, gpu_model="T4"))
    assert (found.idle, found.busy, found.packages) == (40, 330, 2)
    assert (found.gpu_idle, found.gpu_busy, found.verified) == (10, 70, True)
    assert not power.of_trace(spec(96_000, gpu_count=8, gpu_model="G2")).verified


def test_what_a_scenario_says_goes_first():
    said = Power.model_validate({"idle": 90, "busy": 250, "gpuBusy": 60})
    found = power.told(spec(gpu_count=1, gpu_model="T4"), said)
    assert (found.idle, found.busy, found.gpu_idle, found.gpu_busy) == (90, 250, 10, 60)
    assert power.watts_of(spec(watts=found)) == found
    with pytest.raises(ValueError, match="below what it draws at rest"):
        Power.model_validate({"idle": 90, "busy": 80})
