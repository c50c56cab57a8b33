"""What every arrival process keeps, the shipped ones and those to come.

The docstring of `Params` starts with an example in backticks, as it is written in a scenario; it
is what this test runs.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import yaml

from simk8s import catalog
from simk8s.units import US_PER_DAY, US_PER_HOUR

NAMES = catalog.names("arrivals")


def example(name: str) -> dict[str, Any]:
    text = catalog.params_of("arrivals", name).__doc__ or ""
    found = re.match(r"`(\w+): ({.*?})`", text)
    assert found, f"{name}: the docstring of Params starts with an example in backticks"
    assert found[1] == catalog.camel(name)
    section: dict[str, Any] = yaml.safe_load(found[2])
    return section


def process(name: str) -> Any:
    params = catalog.params_of("arrivals", name).model_validate(example(name))
    return catalog.resolve("arrivals", name)(params)


def times(name: str, horizon_us: int, seed: int = 5) -> Any:
    return process(name).times(np.random.default_rng(seed), horizon_us)


def test_the_folder_has_what_the_scenario_language_promises() -> None:
    assert {"poisson", "mmpp", "bursty", "diurnal", "schedule"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_times_are_ordered_and_inside(name: str) -> None:
    found = times(name, US_PER_DAY)
    assert found.dtype == np.int64
    assert len(found) > 10
    assert (np.diff(found) >= 0).all()
    assert found[0] >= 0
    assert found[-1] <= US_PER_DAY


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_times(name: str) -> None:
    first, again = times(name, US_PER_DAY), times(name, US_PER_DAY)
    assert np.array_equal(first, again)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hours", [1, 7, 23])
def test_a_longer_horizon_only_appends(name: str, hours: int) -> None:
    whole, horizon = times(name, US_PER_DAY), hours * US_PER_HOUR
    assert np.array_equal(times(name, horizon), whole[whole <= horizon])


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_horizon_is_no_error(name: str) -> None:
    assert (times(name, 0) == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_instance_can_be_asked_twice(name: str) -> None:
    one = process(name)
    first = one.times(np.random.default_rng(5), US_PER_HOUR)
    assert np.array_equal(first, one.times(np.random.default_rng(5), US_PER_HOUR))


@pytest.mark.parametrize("name", NAMES)
def test_module_says_its_law(name: str) -> None:
    module = sys.modules[catalog.resolve("arrivals", name).__module__]
    assert "Law:" in (module.__doc__ or "")


def test_params_need_no_numpy() -> None:
    code = (
        "import sys; from simk8s import catalog;"
        "[catalog.params_of('arrivals', n) for n in catalog.names('arrivals')];"
        "sys.exit(', '.join(sorted({'numpy', 'scipy', 'polars'} & set(sys.modules))) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
