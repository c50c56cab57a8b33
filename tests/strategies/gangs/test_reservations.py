"""What strategies of gangs promise: with backfill nobody starts later than his first reservation;
without it nobody overtakes.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from simk8s.strategies._gangs.profile import Profile
from simk8s.strategies._gangs.round import Round
from tests.strategies.gangs.test_gangs import MINUTE, made, pod
from tests.world import SECOND, node

LATE_US = 2 * SECOND
"""Pods end a little after what was said at the start of their cycle; run times are minutes."""
Jobs = list[tuple[list[int], int, int]]
"""(CPUs of each pod, minutes, minute of arrival)"""
queues = st.lists(
    st.tuples(
        st.lists(st.integers(1, 8), min_size=1, max_size=3), st.integers(1, 12), st.integers(0, 8)
    ),
    min_size=3,
    max_size=10,
)
MISSED: Jobs = [
    ([8], 12, 8), ([1], 5, 1), ([4, 2, 7], 5, 8), ([2], 10, 6),
    ([3, 6, 5], 3, 4), ([5, 6], 11, 7), ([4, 7, 2], 5, 4), ([8], 8, 0),
]  # fmt: skip
"""Pods of 3, 6 and 5 fit on the nodes reserved for them, 8 and 6 free; not if 3 takes the 6."""
quick = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def play(jobs: Jobs, name: str, **params: Any) -> tuple[dict[Any, int], dict[Any, int]]:
    """(first reservation, start) of jobs on three nodes of 8, by key."""
    promised: dict[Any, int] = {}
    w = made(name, **params)
    reserve, take = Round._reserve, Profile.take

    def watched(own: Round, job: Any, *rest: Any) -> None:
        def taking(profile: Profile, nodes: Any, wants: Any, start: int, end_us: int) -> None:
            promised.setdefault(job.key, int(profile.times_us[start]))
            take(profile, nodes, wants, start, end_us)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Profile, "take", taking)
            reserve(own, job, *rest)

    rows: dict[Any, int] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Round, "_reserve", watched)
        for each in "abc":
            w.add_node(node(each, 8_000))
        for number, (cpus, minutes, at) in enumerate(sorted(jobs, key=lambda job: job[2])):
            w.run(max(w.clock.now_us, at * MINUTE))
            group, said = f"j{number:02}", f"{minutes * 60 + 1}s"
            for cpu in cpus:
                manifest = pod(str(cpu), group, len(cpus), estimate=said)
                (row,) = w.create(manifest, 1, lifetime_us=minutes * MINUTE)
                rows["default", group] = row
        w.run(400 * MINUTE)
    return promised, {key: w.cluster.pods.scheduled_us[row] for key, row in rows.items()}


@pytest.mark.parametrize("kind", ["easy", "conservative"])
def test_nobody_starts_later_than_his_first_reservation(kind: str) -> None:
    @quick
    @example(MISSED)
    @given(queues)
    def check(jobs: Jobs) -> None:
        promised, starts = play(jobs, "gang_backfill", kind=kind)
        for key, start_us in promised.items():
            assert 0 <= starts[key] <= start_us + LATE_US

    check()


def test_nobody_waits_for_a_job_that_is_gone() -> None:
    """The gang may start when both of its nodes are free, at 5; a job that was to run on one of
    them until the other is free, at 10, was deleted.
    """
    w = made("gang_backfill", kind="conservative")
    for each in "abc":
        w.add_node(node(each, 8_000))
    w.create(pod("8", "early", estimate="10m"), 1, lifetime_us=5 * MINUTE)
    w.create(pod("8", "other", estimate="5m"), 1, lifetime_us=5 * MINUTE)
    w.create(pod("4", "endless", estimate="60m"), 1, lifetime_us=60 * MINUTE)
    gang = w.create(pod("8", "gang", 2), 2, lifetime_us=MINUTE)
    (between,) = w.create(pod("8", "between", estimate="4m"), 1, lifetime_us=4 * MINUTE)
    w.create(pod("4", "small", estimate="2m"), 1, lifetime_us=2 * MINUTE)
    w.run(4 * MINUTE)
    w.store.delete_pod(between, 0)
    w.run(200 * MINUTE)
    assert {w.cluster.pods.scheduled_us[one] // MINUTE for one in gang} == {5}


def test_without_backfill_nobody_overtakes() -> None:
    @quick
    @given(queues)
    def check(jobs: Jobs) -> None:
        promised, starts = play(jobs, "gang_fifo")
        assert not promised
        in_turn = [starts[key] for key in sorted(starts)]
        assert in_turn == sorted(in_turn)
        assert in_turn[0] >= 0

    check()
