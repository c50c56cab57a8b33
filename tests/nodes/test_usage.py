"""What pods use and what comes of it: limits, shares, work, OOM kills."""

from __future__ import annotations

from simk8s.nodes.settings import UsageSettings
from simk8s.state.audit import audit
from simk8s.state.pods import OOM_KILLED, Phase
from tests.nodes.exact import SECOND, STATUS, next_relist
from tests.nodes.used import HOUR, MIB, MINUTE, load_of, metered, pod
from tests.world import GIB

ONE = {"cpu": "1", "memory": "1Gi"}
V1 = UsageSettings(cgroup="v1")


def started(w, pod_row: int) -> int:
    return w.cluster.pods.started_us[pod_row]


def test_a_constant_usage_is_counted_exactly() -> None:
    w, usage = metered()
    (one,) = w.create(pod(ONE, cpu="50%", memory="25%"))
    w.run(HOUR)
    begun = w.cluster.pods.running_us[one]
    used = usage.used(HOUR)
    assert begun > 0
    # Its meter starts when the status that says so is sent, at the same instant here.
    assert used.demand == used.capped == used.used == 2 * 500 * (HOUR - begun)
    assert used.memory == 2 * (GIB // 4) * (HOUR - begun)


def test_what_nothing_is_said_of_is_not_measured() -> None:
    w, usage = metered()
    w.create(pod(ONE), 5)
    w.run(HOUR)
    assert usage.used(HOUR) == (0, 0, 0, 0)
    assert not usage._loads


def test_a_limit_throttles() -> None:
    """Two CPUs wanted, one allowed: half of the demand is cut off."""
    w, usage = metered()
    (one,) = w.create(pod(ONE, {"cpu": "1"}, cpu="2"))
    w.run(HOUR)
    used, ran = usage.used(HOUR), HOUR - w.cluster.pods.running_us[one]
    assert (used.demand, used.capped, used.used) == (2 * 2000 * ran, 2 * 1000 * ran, 2 * 1000 * ran)


def test_without_cfs_quota_nothing_is_throttled() -> None:
    w, usage = metered(UsageSettings(cpu_quota=False))
    w.create(pod(ONE, {"cpu": "1"}, cpu="2"))
    w.run(HOUR)
    used = usage.used(HOUR)
    assert used.demand == used.capped == used.used > 0


def test_two_pods_share_three_cpus_two_to_one() -> None:
    w, usage = metered(V1, cpu=3_000)
    w.create(pod({"cpu": "1"}, cpu="4"))
    w.create(pod({"cpu": "500m"}, cpu="4"))
    w.run(MINUTE)
    rates = [meter.rate for meter in load_of(usage).meters.values()]
    assert rates == [2000, 1000]
    assert load_of(usage).rates == (8000, 8000, 3000)


def test_work_takes_as_long_as_its_share_of_cpu_makes_it() -> None:
    """Sixty CPU-seconds at 2 CPUs until the rival comes, at 1 with it, at 2 after it."""
    w, usage = metered(V1, cpu=2_000)
    (first,) = w.create(pod({"cpu": "1"}, restart="Never", cpu="2", work="60s"))
    w.run(10 * SECOND)
    rival = pod({"cpu": "1"}, restart="Never", cpu="2", work="20s")
    (second,) = w.create(rival)
    w.run(5 * MINUTE)
    pods = w.cluster.pods
    assert [pods.phase[p] for p in (first, second)] == [Phase.SUCCEEDED] * 2
    alone = pods.running_us[second] - pods.running_us[first]
    ended_second = pods.running_us[second] + 20 * SECOND
    left = 60 * SECOND - 2 * alone - 20 * SECOND
    ended_first = ended_second + left // 2
    assert pods.finished_us[second] == next_relist(w, ended_second) + STATUS
    assert pods.finished_us[first] == next_relist(w, ended_first) + STATUS
    assert not load_of(usage).meters
    audit(w.cluster)


def test_work_that_is_throttled_takes_longer() -> None:
    w, _ = metered()
    (one,) = w.create(pod(ONE, {"cpu": "500m"}, restart="Never", cpu="2", work="30s"))
    w.run(5 * MINUTE)
    pods = w.cluster.pods
    assert pods.finished_us[one] == next_relist(w, pods.running_us[one] + 60 * SECOND) + STATUS


def test_a_container_above_its_limit_is_killed_at_that_instant_and_restarts() -> None:
    leak = "{leak: {from: 100Mi, perHour: 3600Mi}}"
    w, usage = metered()
    (one,) = w.create(pod(ONE, {"memory": "400Mi"}, memory=leak))
    w.run(2 * SECOND)
    pods = w.cluster.pods
    begun = started(w, one)
    # 1 MiB a second: 300 s, and one byte more.
    killed = begun + 300 * SECOND + 1
    w.run(killed - 1)
    assert usage.ooms == 0
    w.run(killed)
    assert (usage.ooms, usage.node_ooms) == (1, 0)
    assert one not in load_of(usage).meters
    w.run(killed + 2 * SECOND)
    assert (pods.restarts[one], pods.phase[one]) == (1, Phase.RUNNING)
    again = started(w, one)
    assert again >= next_relist(w, killed)
    w.run(again + 301 * SECOND)
    assert usage.ooms == 2
    assert pods.reasons[one] == "CrashLoopBackOff"
    audit(w.cluster)


def test_a_pod_that_is_never_restarted_fails_oom_killed() -> None:
    w, _ = metered()
    (one,) = w.create(pod(ONE, {"memory": "400Mi"}, restart="Never", memory="500Mi"))
    w.run(10 * SECOND)
    assert w.cluster.pods.phase[one] == Phase.FAILED
    assert w.cluster.pods.reasons[one] == OOM_KILLED


def test_a_lifetime_ends_only_what_has_not_been_killed() -> None:
    """Killed at 1 s and restarted, a pod that should run 1 min runs it anew."""
    spikes = "{steps: {values: [{after: 0s, value: 100Mi}, {after: 30s, value: 1Gi}]}}"
    w, usage = metered()
    (one,) = w.create(pod(ONE, {"memory": "400Mi"}, memory=spikes), lifetime_us=MINUTE)
    w.run(70 * SECOND)
    assert usage.ooms >= 1
    assert w.cluster.pods.phase[one] == Phase.RUNNING


def test_a_full_node_kills_by_class_then_size() -> None:
    """Three pods that fill 8 GiB: first the best-effort one, then the burstable, at once."""
    w, usage = metered(thresholds=())
    (safe,) = w.create(pod(limits={"cpu": "1", "memory": "2Gi"}, memory="2Gi"))
    (burst,) = w.create(pod({"memory": "6Gi"}, memory="{leak: {from: 1Gi, perHour: 60Gi}}"))
    w.create(pod(memory="1Gi"))
    w.run(2 * SECOND)
    room = load_of(usage).room.memory_bytes
    assert room == 8 * GIB + 100 * MIB
    begun = started(w, burst)
    # 4 GiB at first, 1 GiB a minute more.
    full = begun + (room - 4 * GIB + 1) * MINUTE // GIB + 1
    w.run(full)
    assert (usage.ooms, usage.node_ooms) == (1, 1)
    assert sorted(load_of(usage).meters) == [safe, burst]
    w.run(full + 5 * MINUTE)
    assert w.cluster.pods.restarts[safe] == 0
    assert w.cluster.pods.restarts[burst] >= 1
    audit(w.cluster)


def test_a_hog_that_is_no_pod_gets_pods_killed_and_then_nobody() -> None:
    w, usage = metered(thresholds=())
    w.create(pod({"memory": "1Gi"}, memory="1Gi"))
    w.run(5 * SECOND)
    usage.hog(0, memory=8 * GIB)
    w.run(6 * SECOND)
    assert usage.node_ooms == 1
    w.run(HOUR)  # nobody is left to be killed, and nothing goes round in circles
    usage.hog(0, memory=-8 * GIB)
    w.run(HOUR + 10 * MINUTE)
    assert load_of(usage).memory.value(HOUR) == GIB


def test_a_crash_ends_all_usage_and_a_reboot_begins_it_again() -> None:
    w, usage = metered()
    w.create(pod(ONE, cpu="1", memory="1Gi"), 2)
    w.run(10 * SECOND)
    before = usage.used(10 * SECOND).used
    w.machines.crash([0])
    w.run(MINUTE)
    assert usage.used(MINUTE).used == before
    assert load_of(usage).memory.value(MINUTE) == 0
    w.machines.restore([0])
    w.run(2 * MINUTE)
    assert len(load_of(usage).meters) == 2
    assert usage.used(2 * MINUTE).used > before


def test_a_deleted_pod_uses_its_memory_until_it_is_gone() -> None:
    w, usage = metered()
    (one,) = w.create(pod(ONE, memory="1Gi"))
    w.run(10 * SECOND)
    w.user.write(w.store.delete_pod, one)
    w.run(10 * SECOND)
    assert load_of(usage).memory.value(10 * SECOND) == GIB
    w.run(20 * SECOND)
    assert w.cluster.pods.phase[one] == Phase.GONE
    assert load_of(usage).memory.value(20 * SECOND) == 0


def test_peaks_below_the_limits_make_no_event() -> None:
    """Curves that go up and down where nothing can happen have no timer at all."""
    w, usage = metered()
    wave = "{diurnal: {low: 10%, high: 90%, period: 10m}}"
    w.create(pod(ONE, cpu=wave, memory=wave), 3)
    w.run(MINUTE)
    assert load_of(usage).armed_us == -1
    assert not load_of(usage).live
    before, after = usage.used(HOUR), usage.used(2 * HOUR)
    # Six whole periods: the mean of a sine is its middle.
    mean = (after.used - before.used) / (2 * HOUR)
    assert abs(mean - 3 * 500) < 15
