from __future__ import annotations

from dataclasses import replace

import pytest

from simk8s.results.compare import open_comparison
from simk8s.results.results import Results
from tests import synthetic


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """A run in which nothing happened."""
    return Results.open(synthetic.write_empty(tmp_path_factory.mktemp("empty")))


@pytest.fixture(scope="session")
def evil(tmp_path_factory):
    """A run whose names try to break the page, with everything that a run can have."""
    day = replace(synthetic.SMALL, evil=True, strategy="cp_sat", solves=50, drops=0.1, usage=True)
    day = replace(day, bounds=True)
    day = replace(day, thresholds=("startup p99 < 5s", "pods_created > 3", "etcd_utilisation < 0%"))
    return Results.open(synthetic.write(day, tmp_path_factory.mktemp("evil")))


@pytest.fixture(scope="session")
def comparison(comparison_folder):
    return open_comparison(comparison_folder)
