"""Requests drawn in bulk are those drawn one by one."""

from __future__ import annotations

import random
from dataclasses import astuple

import pytest

from simk8s.state.requests import GpuRequest, RequestTable, drawn_in_bulk, drawn_requests
from simk8s.state.resources import CPU, MEMORY


@pytest.mark.parametrize("gpu", [GpuRequest(), GpuRequest(2, 500)])
def test_drawn_in_bulk_is_drawn_one_by_one(gpu: GpuRequest) -> None:
    one, bulk = RequestTable(), RequestTable()
    draws = random.Random(1)
    cpu = [draws.choice([0, 100, draws.randint(1, 900)]) for _ in range(200)]
    memory = [draws.choice([0, 1 << 20, draws.randint(1, 1 << 30)]) for _ in range(200)]
    pairs = [
        [
            table.intern((500, 1 << 30, 7, 1, 0, 3), gpu=gpu, asked=(900, 2 << 30)),
            table.intern((0, 0, 0, 1, 0), 250, 300 << 20, gpu=gpu),
        ]
        for table in (one, bulk)
    ]
    which = [draws.randrange(2) for _ in cpu]
    expected = [
        drawn_requests(one, pairs[0][i], {CPU: c, MEMORY: m}).id
        for i, c, m in zip(which, cpu, memory, strict=True)
    ]
    found = drawn_in_bulk(bulk, [pairs[1][i] for i in which], {CPU: cpu, MEMORY: memory})
    assert found == expected
    assert [*map(astuple, bulk.items)] == [*map(astuple, one.items)]
