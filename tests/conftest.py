from __future__ import annotations

from dataclasses import replace

import pytest

from simk8s.results.results import Results
from tests import synthetic


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory):
    """A small made-up run. Read only: copy before changing anything."""
    return synthetic.write(synthetic.SMALL, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small(small_folder):
    return Results.open(small_folder)


@pytest.fixture(scope="session")
def comparison_folder(tmp_path_factory):
    """Three variants with two seeds each. Read only."""
    day = replace(synthetic.SMALL, bounds=True)
    return synthetic.write_comparison(tmp_path_factory.mktemp("compare"), day)
