"""Distributions as YAML gives them, in the unit of what they describe."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

from simk8s.units import MAX_DURATION_US
from simk8s.workload.distributions import amounts, lifetimes, parse, sampler, unit_of


@pytest.mark.parametrize(
    ("resource", "unit"),
    [
        ("cpu", "cpu"),
        ("memory", "memory"),
        ("ephemeral-storage", "memory"),
        ("hugepages-2Mi", "memory"),
        ("nvidia.com/gpu", "number"),
    ],
)
def test_units_by_resource(resource: str, unit: str) -> None:
    assert unit_of(resource) == unit


def test_lifetimes_are_whole_microseconds() -> None:
    draw = lifetimes({"lognormal": {"p50": "10m", "p99": "6h"}})
    found = draw(np.random.default_rng(1), 20_000)
    assert found.dtype == np.int64
    assert found.min() >= 1
    assert np.median(found) == pytest.approx(600e6, rel=0.05)
    assert np.quantile(found, 0.99) == pytest.approx(21_600e6, rel=0.15)


def test_lifetimes_never_overflow() -> None:
    draw = lifetimes({"scipy": {"name": "pareto", "params": {"b": 0.05}, "scale": "1h"}})
    assert draw(np.random.default_rng(1), 1000).max() == MAX_DURATION_US


def test_amounts_have_their_base_unit() -> None:
    generator = np.random.default_rng(1)
    assert amounts("cpu", "250m")(generator, 2).tolist() == [250, 250]
    assert amounts("memory", "1Gi")(generator, 1).tolist() == [1024**3]
    assert amounts("nvidia.com/gpu", {"empirical": {"values": [2]}})(generator, 1).tolist() == [2]


def test_amounts_are_at_least_one() -> None:
    draw = amounts("cpu", {"scipy": {"name": "norm", "scale": "1m"}})
    assert draw(np.random.default_rng(1), 100).min() == 1


def test_a_plain_value_is_constant() -> None:
    assert parse("90s", "duration").kind == "constant"
    assert sampler("90s", "duration")(np.random.default_rng(1), 1).tolist() == [90e6]


def test_a_model_passes_through() -> None:
    model = parse({"exponential": {"mean": "5m"}}, "duration")
    assert parse(model, "duration") is model


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(ValidationError, match="mean"):
        parse({"exponential": {"mean": "-5m"}}, "duration")


def test_parsing_needs_no_numpy() -> None:
    code = (
        "import sys; from simk8s.workload.distributions import parse; parse('1m', 'duration');"
        "sys.exit(', '.join(sorted({'numpy', 'scipy', 'polars'} & set(sys.modules))) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
