"""Columns refuse what a feeder could not use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simk8s.errors import InvariantError
from simk8s.workload.columns import CHUNK, PodColumns, slices


def made(n: int = 3, **changed: Any) -> PodColumns:
    whole: dict[str, Any] = {
        "when_us": np.arange(n),
        "template": np.zeros(n, np.int32),
        "lifetime_us": np.full(n, -1),
    }
    return PodColumns(**(whole | changed))


def test_length() -> None:
    assert len(made(3)) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"template": np.zeros(2, np.int32)},
        {"requests": {"cpu": np.zeros(4)}},
        {"gpu_count": np.zeros(1)},
        {"names": ["a"]},
    ],
)
def test_lengths_agree(changed: dict[str, Any]) -> None:
    with pytest.raises(InvariantError, match="lengths"):
        made(3, **changed)


def test_time_does_not_fall() -> None:
    with pytest.raises(InvariantError, match="fall"):
        made(2, when_us=np.array([2, 1]))


def test_chunks_are_bounded() -> None:
    with pytest.raises(InvariantError, match="at most"):
        made(CHUNK + 1)


def test_slices_cover_everything_once() -> None:
    parts = list(slices(2 * CHUNK + 5))
    assert [part.stop - part.start for part in parts] == [CHUNK, CHUNK, 5]
    assert list(slices(0)) == []
