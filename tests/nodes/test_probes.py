"""Probes as arithmetic against probers that tick."""

from __future__ import annotations

import numpy as np

from simk8s.nodes.probes import NEVER, Outlook, Probe, Probes, Run, outlook
from simk8s.state.pods import Phase
from tests.nodes.exact import SECOND, STATUS, exact, next_relist, pod

END_US = 2_000 * SECOND


class Prober:
    """One probe worker as kubelet runs it: a ticker that holds one tick, answers in a row."""

    def __init__(self, probe: Probe, run: Run, base_us: int, passed: bool) -> None:
        self.probe, self.run, self.next_us = probe, run, base_us
        self.good = self.bad = 0
        self.passed = passed

    def tick(self, from_us: int) -> int:
        """Run until the result changes; when."""
        probe, run = self.probe, self.run
        while self.next_us < END_US:
            now = self.next_us
            self.next_us = now + probe.period_us
            if now < max(run.started_us + probe.delay_us, from_us):
                continue
            hung = run.hang_us != NEVER and now >= run.hang_us
            if hung:
                done = now + probe.timeout_us
                self.next_us = max(self.next_us, done)
            else:
                done = now
            if not hung and now >= run.up_us:
                self.good, self.bad = self.good + 1, 0
            else:
                self.good, self.bad = 0, self.bad + 1
            if not self.passed and self.good >= probe.successes:
                self.passed = True
                return done
            if self.passed and self.bad >= probe.failures:
                self.passed = False
                return done
        return NEVER


def ticked(probes: Probes, run: Run) -> Outlook:
    """What comes of ticking through all three probers."""
    since = run.seen_us
    if probes.startup is not None:
        passing = Prober(probes.startup, run, run.base_us, passed=False).tick(run.seen_us)
        failing = Prober(probes.startup, run, run.base_us, passed=True).tick(run.seen_us)
        if passing == NEVER or (failing != NEVER and failing <= passing):
            return Outlook(NEVER, NEVER, failing, probes.startup.grace_us)
        since = max(since, passing)
    killed, grace = NEVER, NEVER
    if probes.liveness is not None:
        after = run.seen_us if probes.startup is None else since + 1
        killed = Prober(probes.liveness, run, run.base_us, passed=True).tick(after)
        grace = probes.liveness.grace_us
    if probes.readiness is None:
        return Outlook(since, NEVER, killed, grace)
    prober = Prober(probes.readiness, run, since, passed=False)
    ready = prober.tick(since)
    return Outlook(ready, NEVER if ready == NEVER else prober.tick(since), killed, grace)


def drawn(rng: np.random.Generator, *, startup: bool = False) -> Probe:
    return Probe(
        delay_us=int(rng.integers(0, 20)) * SECOND,
        period_us=int(rng.integers(1, 15)) * SECOND,
        timeout_us=int(rng.integers(1, 20)) * SECOND,
        successes=1 if startup else int(rng.integers(1, 4)),
        failures=int(rng.integers(1, 5)),
    )


def test_the_outlook_is_what_ticking_gives() -> None:
    """The probes of fifty nodes with eighty containers each, all different."""
    rng = np.random.default_rng(7)
    kinds = dict.fromkeys(("ready", "unready", "killed", "never"), 0)
    for _ in range(4_000):
        has = rng.random(3) < 0.6
        probes = Probes(
            drawn(rng, startup=True) if has[0] else None,
            drawn(rng) if has[1] else None,
            drawn(rng) if has[2] else None,
        )
        base = int(rng.integers(0, 10 * SECOND))
        started = base + int(rng.integers(0, 30 * SECOND))
        seen = started + int(rng.integers(0, SECOND))
        up = started + int(rng.integers(0, 60 * SECOND)) * int(rng.random() < 0.7)
        hang = started + int(rng.integers(0, 200 * SECOND)) if rng.random() < 0.5 else NEVER
        run = Run(base, started, seen, up, hang)
        found, wanted = outlook(probes, run), ticked(probes, run)
        assert found == wanted, (probes, run)
        kinds["ready"] += found.ready_us != NEVER
        kinds["unready"] += found.unready_us != NEVER
        kinds["killed"] += found.killed_us != NEVER
        kinds["never"] += found.ready_us == NEVER
    assert min(kinds.values()) > 200


def test_a_hung_container_is_found_within_21_to_31_seconds() -> None:
    """Notes 3.3: (failureThreshold − 1) · period + U(0, period) + timeout with the defaults."""
    found = []
    for hang in range(60 * SECOND, 70 * SECOND, 100_000):
        run = Run(0, 0, 0, 0, hang)
        found.append(outlook(Probes(liveness=Probe()), run).killed_us - hang)
    assert 21 * SECOND <= min(found) < 21.2 * SECOND
    assert 30.8 * SECOND < max(found) <= 31 * SECOND


def batches(w) -> list[str]:
    seen: list[str] = []

    class Watch:
        def on_instant(self, now_us):
            pass

        def on_batch(self, name, phase, count):
            seen.append(name)

        def on_stop(self, reason):
            pass

    w.clock.add_probe(Watch())
    return seen


def test_probes_that_keep_their_answer_are_no_events() -> None:
    w = exact(nodes=50)
    probe = {"periodSeconds": 1}
    manifest = pod()
    manifest["spec"]["containers"][0] |= {
        "livenessProbe": probe, "readinessProbe": probe, "startupProbe": probe
    }  # fmt: skip
    rows = w.create(manifest, 500)
    w.run(30 * SECOND)
    assert all(w.cluster.pods.ready[p] for p in rows)
    seen = batches(w)
    w.run(3_600 * SECOND)
    assert [name for name in seen if name != "until"] == []


def test_readiness_is_asked_as_soon_as_the_container_is_seen() -> None:
    w = exact()
    manifest = pod()
    manifest["spec"]["containers"][0]["readinessProbe"] = {}
    p = w.create(manifest)[0]
    w.run(10 * SECOND)
    pods = w.cluster.pods
    assert pods.ready_us[p] == pods.running_us[p] == next_relist(w, pods.started_us[p]) + STATUS


def test_a_slow_starter_is_ready_at_a_tick_of_its_prober() -> None:
    w = exact()
    manifest = pod(annotations={"startup": "12s"})
    manifest["spec"]["containers"][0]["readinessProbe"] = {"periodSeconds": 5}
    p = w.create(manifest)[0]
    w.run(60 * SECOND)
    pods = w.cluster.pods
    seen = next_relist(w, pods.started_us[p])
    assert pods.running_us[p] == seen + STATUS
    assert pods.ready_us[p] == seen + 15 * SECOND + STATUS


def test_the_slowest_container_makes_the_pod_ready() -> None:
    w = exact()
    containers = [
        {"name": "a", "readinessProbe": {"initialDelaySeconds": 3, "periodSeconds": 2}},
        {"name": "b", "readinessProbe": {"initialDelaySeconds": 30, "periodSeconds": 1}},
    ]
    p = w.create({"spec": {"containers": containers}})[0]
    w.run(60 * SECOND)
    pods = w.cluster.pods
    seen = next_relist(w, pods.started_us[p])
    assert pods.ready_us[p] == seen + 30 * SECOND + STATUS


def test_a_hang_takes_the_pod_out_then_restarts_it() -> None:
    w = exact()
    manifest = pod(annotations={"hang-after": "100s", "stop": "60s"})
    manifest["spec"]["containers"][0] |= {"readinessProbe": {}, "livenessProbe": {}}
    w.create(manifest)
    pods = w.cluster.pods
    w.run(90 * SECOND)
    first = pods.started_us[0]
    hang = first + 100 * SECOND
    seen = next_relist(w, first)
    lost = seen + -(-(hang - seen) // (10 * SECOND)) * 10 * SECOND + 21 * SECOND
    w.run(lost + STATUS - 1)
    assert pods.ready[0]
    w.run(lost + STATUS)
    assert not pods.ready[0]
    w.run(200 * SECOND)
    assert pods.restarts[0] == 1
    assert hang + 21 * SECOND + 30 * SECOND <= pods.started_us[0] <= hang + 62 * SECOND
    assert pods.ready[0]
    assert pods.phase[0] == Phase.RUNNING


def test_liveness_without_a_startup_probe_kills_a_slow_starter_for_ever() -> None:
    w = exact()
    manifest = pod(annotations={"startup": "60s"})
    manifest["spec"]["containers"][0]["livenessProbe"] = {}
    w.create(manifest)
    w.run(600 * SECOND)
    assert w.cluster.pods.restarts[0] >= 5
    manifest["spec"]["containers"][0]["startupProbe"] = {"failureThreshold": 30}
    p = w.create(manifest)[0]
    w.run(1_200 * SECOND)
    assert w.cluster.pods.restarts[p] == 0
    assert w.cluster.pods.ready[p]
