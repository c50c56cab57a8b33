"""Containers that end, crash and are stopped."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from simk8s.nodes.backoff import CrashLoop, looked_us
from simk8s.state.audit import audit
from simk8s.state.pods import NEVER, Loss, Phase
from tests.nodes.exact import EXACT, MS, SECOND, START, STATUS, STOP, exact, next_relist, pod


def test_the_back_off_of_a_crash_loop_by_the_book() -> None:
    """Notes 10: restart 1.. after 0, 10, 20, 40, 80, 160, 300, 300 s."""
    loop, t, waits = CrashLoop(300 * SECOND), 1_000 * SECOND, []
    for _ in range(8):
        ended = t + SECOND
        due = loop.due_us(ended, ended)
        waits.append((due - ended) // SECOND)
        loop.restarted(ended, due)
        t = due
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300]


def test_ten_quiet_minutes_end_a_crash_loop() -> None:
    loop = CrashLoop(300 * SECOND)
    for ended in (0, 100 * SECOND):
        loop.restarted(ended, ended)
    assert loop.due_us(110 * SECOND, 110 * SECOND) == 130 * SECOND
    assert loop.due_us(700 * SECOND, 700 * SECOND) == 720 * SECOND
    assert loop.due_us(700 * SECOND + 1, 700 * SECOND + 1) == 700 * SECOND + 1


def test_a_shorter_longest_delay() -> None:
    loop, waits = CrashLoop(5 * SECOND), []
    for restart in range(4):
        ended = restart * SECOND
        waits.append(loop.due_us(ended, ended) - ended)
        loop.restarted(ended, ended)
    assert waits == [0, 5 * SECOND, 5 * SECOND, 5 * SECOND]


def test_a_kubelet_comes_round_late_but_not_much() -> None:
    """Overshoot: up to half of what was left, long waits in steps of 60 to 90 s, and a tick."""
    for left in (10, 60, 300):
        found = [looked_us(1, key, 1, 0, left * SECOND) / SECOND - left for key in range(500)]
        assert min(found) >= 0
        assert max(found) <= min(left, 60) / 2 + 1
        assert max(found) - min(found) > min(left, 60) / 4


def test_a_crashing_container_restarts_at_once_and_then_later_and_later() -> None:
    w = exact()
    w.create(pod(annotations={"crash-after": "30s"}))
    pods = w.cluster.pods
    starts: list[int] = []
    for _ in range(1_500):
        w.run(w.clock.now_us + SECOND)
        if pods.started_us[0] != NEVER and pods.started_us[0] not in starts:
            starts.append(pods.started_us[0])
    waits = [(b - a) / SECOND - 30 for a, b in pairwise(starts)]
    assert 0 <= waits[0] <= 1 + START / SECOND + 0.001
    for wait, least in zip(waits[1:], [10, 20, 40, 80, 160, 300], strict=False):
        assert least <= wait <= 1.5 * least + 2
    assert len(starts) == pods.restarts[0] + 1 >= 7
    assert pods.phase[0] == Phase.RUNNING
    audit(w.cluster)


def test_a_pod_is_not_ready_while_its_container_waits() -> None:
    w = exact()
    w.create(pod(annotations={"crash-after": "30s"}))
    pods = w.cluster.pods
    w.run(5 * SECOND)
    ended = pods.started_us[0] + 30 * SECOND
    shown = next_relist(w, ended) + STATUS
    w.run(shown - 1)
    assert pods.ready[0]
    w.run(shown)
    assert not pods.ready[0]
    again = next_relist(w, next_relist(w, ended) + START) + STATUS
    w.run(again)
    assert pods.ready[0]
    assert pods.ready_since_us[0] == again
    second = pods.started_us[0] + 30 * SECOND
    w.run(next_relist(w, second) + STATUS + SECOND)
    assert pods.reasons[0] == "CrashLoopBackOff"
    assert not pods.ready[0]


def test_a_container_that_dies_before_it_is_seen_was_never_ready() -> None:
    w = exact()
    w.create(pod(annotations={"crash-after": "1ms"}))
    w.run(60 * SECOND)
    pods = w.cluster.pods
    assert pods.ready_us[0] == NEVER
    assert pods.phase[0] == Phase.RUNNING
    assert pods.restarts[0] >= 2


@pytest.mark.parametrize(
    ("policy", "code", "phase", "restarts"),
    [
        ("Never", "0", Phase.SUCCEEDED, False),
        ("Never", "7", Phase.FAILED, False),
        ("OnFailure", "0", Phase.SUCCEEDED, False),
        ("OnFailure", "7", Phase.RUNNING, True),
        ("Always", "0", Phase.RUNNING, True),
        ("Always", "7", Phase.RUNNING, True),
    ],
)
def test_restart_policies(policy: str, code: str, phase: Phase, restarts: bool) -> None:
    w = exact()
    w.create(pod(annotations={"run-seconds": "5", "exit-code": code}, restartPolicy=policy))
    w.run(40 * SECOND)
    pods = w.cluster.pods
    assert pods.phase[0] == phase
    assert (pods.restarts[0] > 0) == restarts
    assert pods.reasons.get(0) in (
        ("Error",) if phase == Phase.FAILED else (None, "CrashLoopBackOff")
    )


def test_a_lifetime_is_over_whatever_the_restart_policy() -> None:
    w = exact()
    good = w.create(pod(annotations={"startup": "1s"}), 1, lifetime_us=20 * SECOND)[0]
    bad = w.create(pod(annotations={"exit-code": "1"}), 1, lifetime_us=20 * SECOND)[0]
    w.run(45 * SECOND)
    pods = w.cluster.pods
    assert pods.phase[good] == Phase.SUCCEEDED
    assert pods.phase[bad] == Phase.RUNNING
    assert pods.restarts[bad] == 1
    assert pods.lost_work_us[bad] == 20 * SECOND


# --- termination


def deleted(manifest, settings=EXACT):
    """World and the instant at which the kubelet hears that a running pod is deleted."""
    w = exact(settings)
    w.create(manifest)
    w.run(20 * SECOND)
    w.user.write(w.store.delete_pod, 0)
    w.run(120 * SECOND)
    assert w.cluster.pods.phase[0] == Phase.GONE
    return w, 20 * SECOND


def gone(w, stopped_us: int) -> int:
    return w.kubelets._relists.cleaned(0, next_relist(w, stopped_us)) + STATUS


@pytest.mark.parametrize(
    ("notes", "spec", "seconds"),
    [
        ({}, {}, STOP / SECOND),
        ({"stop": "7s"}, {}, 7),
        ({"stop": "90s"}, {}, 30),
        ({"stop": "90s"}, {"terminationGracePeriodSeconds": 5}, 5),
        ({"stop": "90s"}, {"terminationGracePeriodSeconds": 1}, 2),
        ({"pre-stop": "4s", "stop": "1s"}, {}, 5),
        ({"pre-stop": "29s", "stop": "9s"}, {}, 31),
        ({"pre-stop": "90s", "stop": "9s"}, {}, 32),
    ],
)
def test_how_long_containers_take_to_stop(notes, spec, seconds) -> None:
    """SIGTERM, SIGKILL at the end of the grace period; the hook leaves 2 s at least."""
    w, at = deleted(pod(annotations=notes, **spec))
    assert w.cluster.pods.finished_us[0] == gone(w, at + int(seconds * SECOND))


def test_a_pre_stop_sleep_of_kubernetes() -> None:
    manifest = pod(annotations={"stop": "0"})
    hook = {"preStop": {"sleep": {"seconds": 6}}}
    manifest["spec"]["containers"][0]["lifecycle"] = hook
    w, at = deleted(manifest)
    assert w.cluster.pods.finished_us[0] == gone(w, at + 6 * SECOND)


def test_sidecars_stop_after_the_app() -> None:
    sidecars = [{"name": f"s{i}", "restartPolicy": "Always"} for i in range(2)]
    w, at = deleted(pod(annotations={"stop": "3s"}, initContainers=sidecars))
    assert w.cluster.pods.finished_us[0] == gone(w, at + 3 * SECOND + 2 * STOP)


def test_the_least_a_deletion_takes() -> None:
    """Notes 3.3: 1 to 3 s even for an instant exit."""
    taken = []
    settings = replace(EXACT, runtime=replace(EXACT.runtime, stop=(0, 0)))
    w = exact(settings, nodes=60)
    w.create(pod(), 60)
    w.run(20 * SECOND)
    for p in range(60):
        w.user.write(w.store.delete_pod, p)
    w.run(60 * SECOND)
    taken = [(t - 20 * SECOND) / SECOND for t in w.cluster.pods.finished_us]
    assert 0 < min(taken) < 0.7
    assert 2.2 < max(taken) <= 3 + STATUS / SECOND
    assert 1.2 < sum(taken) / 60 < 1.8


def test_a_pod_deleted_while_it_starts_has_nothing_to_stop() -> None:
    w = exact()
    w.create(pod(annotations={"stop": "25s"}))
    w.run(200 * MS)
    w.user.write(w.store.delete_pod, 0)
    w.run(10 * SECOND)
    pods = w.cluster.pods
    assert pods.phase[0] == Phase.GONE
    assert pods.finished_us[0] == gone(w, 200 * MS)
    assert pods.started_us[0] == NEVER


def test_nothing_restarts_a_pod_that_is_being_deleted() -> None:
    w = exact()
    w.create(pod(annotations={"crash-after": "30s", "stop": "25s"}))
    w.run(29 * SECOND)
    w.user.write(w.store.delete_pod, 0)
    w.run(300 * SECOND)
    pods = w.cluster.pods
    assert pods.phase[0] == Phase.GONE
    assert pods.restarts[0] == 0
    assert pods.loss[0] == Loss.NONE
    assert w.kubelets._containers._loops == {}


def test_a_reboot_makes_a_ready_pod_unready_until_it_runs_again() -> None:
    w = exact()
    w.create(pod(annotations={"crash-after": "100s"}))
    w.run(20 * SECOND)
    w.machines.crash([0])
    w.run(30 * SECOND)
    w.machines.restore([0])
    pods = w.cluster.pods
    w.run(30 * SECOND + 1)
    assert not pods.ready[0]
    w.run(40 * SECOND)
    assert pods.ready[0]
    assert pods.restarts[0] == 1
    started = pods.started_us[0]
    w.run(started + 99 * SECOND)
    assert pods.restarts[0] == 1
    w.run(started + 103 * SECOND)
    assert pods.restarts[0] == 2
    audit(w.cluster)
