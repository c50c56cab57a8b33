"""Distributions: every spelling is read, nonsense is refused with a code and words."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from simk8s.scenario.distributions import (
    CpuDistribution,
    DurationDistribution,
    MemoryDistribution,
    NumberDistribution,
)
from simk8s.scenario.scipy_names import SHAPES

HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("5m", "constant"),
        (0, "constant"),
        ({"constant": "5m"}, "constant"),
        ({"exponential": {"mean": "5m"}}, "exponential"),
        ({"lognormal": {"p50": "10m", "p99": "6h"}}, "lognormal"),
        ({"lognormal": {"mean": "1h", "sigma": 1.2}}, "lognormal"),
        ({"weibull": {"p50": "10m", "p99": "6h"}}, "weibull"),
        ({"weibull": {"shape": 0.7, "scale": "30d"}}, "weibull"),
        ({"uniform": {"min": "1m", "max": "9m"}}, "uniform"),
        ({"scipy": {"name": "gamma", "params": {"a": 2}, "scale": "10m"}}, "scipy"),
        ({"empirical": {"values": ["1m", "5m"], "weights": [3, 1]}}, "empirical"),
        ({"quantiles": {"p0": "1s", "p50": "10m", "p99.9": "1h", "p100": "6h"}}, "quantiles"),
    ],
)
def test_every_spelling_is_read_and_written_back(written, kind):
    law = DurationDistribution.model_validate(written)
    assert law.kind == kind
    assert DurationDistribution.model_validate(law.model_dump(exclude_none=True)) == law


def test_units_follow_the_field():
    assert DurationDistribution.model_validate({"exponential": {"mean": "1h"}}).law.mean == HOUR
    assert CpuDistribution.model_validate("250m").law == 250
    assert MemoryDistribution.model_validate({"uniform": {"min": 0, "max": "1Ki"}}).law.max == 1024
    assert NumberDistribution.model_validate(2.5).law == 2.5


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "expected one distribution, got none"),
        ({"constant": 1, "uniform": {"min": 1, "max": 2}}, "constant and uniform"),
        ({"exponential": {"mean": 0}}, "above zero"),
        ({"uniform": {"min": 5, "max": 1}}, "min is above max"),
        ({"lognormal": {"p50": "1h"}}, "p50 and p99"),
        ({"lognormal": {"p50": "1h", "p99": "1m"}}, "p50 < p99"),
        ({"lognormal": {"mean": "1h"}}, "sigma"),
        ({"weibull": {"shape": 1, "p50": "1m", "p99": "2m"}}, "either"),
        ({"weibull": {"shape": 1}}, "scale"),
        ({"scipy": {"name": "gama", "scale": 1}}, "no continuous distribution"),
        ({"scipy": {"name": "gamma", "scale": 1}}, "takes the params a"),
        ({"scipy": {"name": "norm", "scale": 0}}, "scale"),
        ({"empirical": {"values": []}}, "at least 1"),
        ({"empirical": {"values": [1], "weights": [1, 2]}}, "1 values but 2 weights"),
        ({"empirical": {"values": [1], "weights": [0]}}, "above zero"),
        ({"quantiles": {"p0": 1, "p50": 2}}, "p0 and p100"),
        ({"quantiles": {"p0": 3, "p100": 2}}, "must not fall"),
        ({"quantiles": {"p101": 2}}, "pattern"),
        ({"exponential": {"mean": "5x"}}, "unknown unit"),
    ],
)
def test_nonsense_is_refused_in_words(written, words):
    with pytest.raises(ValidationError, match=words):
        DurationDistribution.model_validate(written)


def test_the_json_schema_takes_a_bare_value_or_one_law():
    from jsonschema import Draft202012Validator

    check = Draft202012Validator(TypeAdapter(DurationDistribution).json_schema())
    for good in ("5m", 5, {"lognormal": {"p50": "1m", "p99": "2m"}}):
        assert check.is_valid(good), good
    for bad in ("x", {}, {"gauss": 1}, {"constant": "1m", "exponential": {"mean": "1m"}}):
        assert not check.is_valid(bad), bad


def test_the_list_of_scipy_names_is_right():
    stats = pytest.importorskip("scipy.stats")
    for name, shapes in SHAPES.items():
        law = getattr(stats, name, None)
        if law is not None:  # a newer scipy may know more than the installed one
            assert tuple(s.strip() for s in (law.shapes or "").split(",") if s) == shapes
    assert len(SHAPES) > 90
