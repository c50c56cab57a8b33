"""A made-up day as result tables: for tests of results/ and report/ without the simulator.

Deterministic. Nothing here imitates a scheduler: pods get nodes by lot. What matters is that the
tables agree with each other (counts in timeseries are those of pods) and look like a real run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simk8s.record.recorder import Recorder, write_compare_manifest, write_manifest
from simk8s.record.writer import nullable
from simk8s.schema.enums import ActionOutcome
from simk8s.schema.manifest import CompareManifest, Manifest
from simk8s.schema.solver import Bounded
from tests.results.damaged import write_damage
from tests.results.spent import write_spent

S = 1_000_000
MINUTE, HOUR = 60 * S, 3600 * S
GIB = 2**30
OUTAGE_US, OUTAGE_FOR_US = 6 * HOUR, 30 * MINUTE
EVIL = "<script>alert(1)</script>"


@dataclass(frozen=True)
class Day:
    """What day to make up."""

    seed: int = 1
    strategy: str = "kube_scheduler"
    variant: str = ""
    scenario: str = "quickstart"
    nodes: int = 300
    pods: int = 20_000
    duration_us: int = 24 * HOUR
    outage: bool = True
    gpus: bool = True
    packing: float = 1.0  # share of the nodes that get pods
    latency: float = 1.0  # factor on scheduling latencies
    solves: int = 0
    drops: float = 0.0  # share of pods that are dropped
    interrupted: bool = False
    evil: bool = False  # names from input try to break the page
    instant: bool = False  # nothing takes any time
    slow_api: float = 1.0  # factor on latencies of the API
    thresholds: tuple[str, ...] = ()
    usage: bool = False  # what pods used is known
    bounds: bool = False  # what nobody could have beaten is known


QUICK = Day()
SMALL = Day(nodes=24, pods=400)


def write(day: Day, folder: Path) -> Path:
    """Write the day's tables and manifest."""
    recorder = Recorder(actions=day.evil, usage=day.usage, cloud_calls=day.evil)
    rng = np.random.Generator(np.random.PCG64(day.seed))
    nodes = _nodes(day)
    pods = _pods(day, nodes, rng)
    fits = _usage(day, nodes, pods)
    _write_pods(recorder, day, pods, nodes)
    _write_decisions(recorder, day, pods, rng)
    _write_series(recorder, day, nodes, pods, fits)
    _write_samples(recorder, day, nodes, pods)
    _write_faults(recorder, day, nodes, pods)
    _write_nodes(recorder, day, nodes, pods, fits)
    _write_controllers(recorder, day, pods)
    _write_requests(recorder, day)
    _write_solves(recorder, day, rng)
    if day.evil:
        _write_actions(recorder)
        _write_cloud_calls(recorder)
        write_damage(recorder, (EVIL, "db"))
        _write_queues(recorder)
    if day.usage:
        _write_usage(recorder)
    write_spent(recorder, day.nodes, 4 if day.gpus else 0)
    if day.bounds:
        _write_bounds(recorder, day)
    digest = recorder.seal(folder)
    write_manifest(folder, _manifest(day, digest))
    return folder


def _write_actions(recorder: Recorder) -> None:
    for entry, outcome in enumerate(ActionOutcome):
        ended = None if outcome is ActionOutcome.UNFINISHED else (entry + 2) * 60_000_000
        for number in range(3):
            target = f"node/n-{number}{EVIL}"
            row = ((entry + 1) * 60_000_000, ended, entry, EVIL, "drain", target, None, outcome)
            recorder.actions.append((*row, f"no {EVIL}" if number else None))


def _write_cloud_calls(recorder: Recorder) -> None:
    for number, action in enumerate(("RunInstances", "DescribeInstances", "TerminateInstances")):
        asked = (number + 1) * MINUTE
        recorder.cloud_calls.append((asked, action, f"n{EVIL}", 3, 9, 6, asked + S, None, None))
        row = (asked, action, "n-1", 1, 1, 0, asked, asked + S, asked + MINUTE)
        recorder.cloud_calls.append(row)


def write_comparison(folder: Path, base: Day = QUICK, seeds: tuple[int, ...] = (1, 2)) -> Path:
    """Three variants, as `simk8s compare` lays them out."""
    variants = [
        ("kube_scheduler", {}),
        ("best_fit", {"packing": 0.6, "latency": 1.1}),
        ("cp_sat", {"packing": 0.5, "latency": 400.0, "solves": 300}),
    ]
    for name, changes in variants:
        for seed in seeds:
            day = replace(base, seed=seed, strategy=name, variant=name, **changes)
            write(day, folder / name / str(seed))
    names = [name for name, _ in variants]
    command = f"simk8s compare scenarios/{base.scenario}.yaml --strategies {','.join(names)}"
    write_compare_manifest(
        folder, CompareManifest(variants=names, seeds=list(seeds), command=command)
    )
    return folder


def write_empty(folder: Path) -> Path:
    """A run in which nothing happened: all tables empty."""
    digest = Recorder().seal(folder)
    write_manifest(folder, replace_manifest(_manifest(SMALL, digest), simulated_us=0))
    return folder


def replace_manifest(manifest: Manifest, **changes: object) -> Manifest:
    return manifest.model_copy(update=changes)


def _nodes(day: Day) -> dict[str, np.ndarray]:
    n = np.arange(day.nodes)
    gpu = (n % 5 == 4) & day.gpus
    return {
        "zone": n % 3,
        "gpu": gpu,
        "cpu": np.where(gpu, 47_500, 15_890),
        "memory": np.where(gpu, 184, 59) * GIB,
        "gpu_milli": np.where(gpu, 4000, 0),
    }


def _pods(day: Day, nodes: dict[str, np.ndarray], rng: np.random.Generator) -> dict:
    n, steady = day.pods, day.pods // 10
    created = np.sort(rng.uniform(0, day.duration_us, n - steady))
    created += 1.2 * HOUR * np.sin(created / day.duration_us * 2 * np.pi)
    created = np.concatenate([np.arange(steady) * 1000, np.clip(created, 0, day.duration_us)])
    created = np.sort(created).astype(np.int64)
    usable = max(1, round(day.nodes * day.packing))
    node = rng.integers(0, usable, n)
    zone = nodes["zone"][node]
    wait = rng.lognormal(np.log(4000 * day.latency), 0.9, n).astype(np.int64)
    tight = (created > OUTAGE_US) & (created < OUTAGE_US + HOUR) & day.outage
    hard = tight & (rng.random(n) < 0.5)
    attempts = np.where(hard, rng.integers(2, 7, n), 1)
    wait += np.where(hard, rng.exponential(8 * MINUTE, n), 0).astype(np.int64)
    start = rng.lognormal(np.log(1.6 * S), 0.5, n).astype(np.int64)
    if day.instant:
        wait, start = np.zeros(n, np.int64), np.zeros(n, np.int64)
    scheduled = created + wait
    running = scheduled + start
    life = rng.lognormal(np.log(25 * MINUTE), 1.4, n).astype(np.int64)
    life[:steady] = 10 * day.duration_us
    return _ends(
        day,
        {
            "created": created, "node": node, "zone": zone, "scheduled": scheduled,
            "running": running, "finished": running + life, "attempts": attempts,
            "cpu": rng.choice([250, 500, 1000, 2000, 4000], n),
            "memory": rng.choice([1, 2, 4, 8], n) * GIB,
            "gpu": np.where(nodes["gpu"][node] & (rng.random(n) < 0.5), 1000, 0),
            "dropped": rng.random(n) < day.drops,
        },
    )  # fmt: skip


def _ends(day: Day, pods: dict) -> dict:
    end = day.duration_us
    hit = (pods["zone"] == 1) & (pods["running"] < OUTAGE_US) & day.outage
    hit &= pods["finished"] > OUTAGE_US + 340 * S
    pods["lost"] = hit
    pods["finished"] = np.where(hit, OUTAGE_US + 340 * S, pods["finished"])
    for name in ("scheduled", "running", "finished"):
        late = (pods[name] > end) | pods["dropped"]
        pods[name] = np.where(late, -1, pods[name])
    pods["finished"] = np.where(pods["running"] < 0, -1, pods["finished"])
    return pods


def _alive(start: np.ndarray, stop: np.ndarray, at: np.ndarray) -> np.ndarray:
    """How many [start, stop) are open at each instant; -1 means never."""
    began = np.sort(start[start >= 0])
    ended = np.sort(stop[(start >= 0) & (stop >= 0)])
    return np.searchsorted(began, at, "right") - np.searchsorted(ended, at, "right")


def _usage(day: Day, nodes: dict, pods: dict) -> np.ndarray:
    """Factor by which requests are shrunk so that the cluster is about 70 % full."""
    at = np.arange(0, day.duration_us, 30 * MINUTE)
    up = (pods["scheduled"][:, None] <= at) & (pods["scheduled"][:, None] >= 0)
    up &= (pods["finished"][:, None] > at) | (pods["finished"][:, None] < 0)
    peak = (up * pods["cpu"][:, None]).sum(axis=0).max()
    share = 0.8 * nodes["cpu"].sum() / max(1, peak)
    pods["cpu"] = np.maximum(1, (pods["cpu"] * share).astype(np.int64))
    pods["memory"] = np.maximum(1, (pods["memory"] * share).astype(np.int64))
    return at


def _node_name(day: Day, i: int, zone: int) -> str:
    tail = EVIL if day.evil and i % 7 == 0 else ""
    return f"node-{'abc'[zone]}-{i:04d}{tail}"


def _write_pods(recorder: Recorder, day: Day, pods: dict, nodes: dict) -> None:
    n = len(pods["created"])
    placed = pods["scheduled"] >= 0
    web = "web" + (EVIL if day.evil else "")
    names = [
        _node_name(day, int(i), int(z)) for i, z in zip(pods["node"], pods["zone"], strict=True)
    ]
    phase = np.select(
        [pods["dropped"], pods["running"] < 0, pods["lost"], pods["finished"] >= 0],
        [5, 0, 3, 2],
        1,
    )
    recorder.pods.extend(
        {
            "pod": np.arange(n),
            "namespace": [("default", "batch")[day.evil and i % 3 == 0] for i in range(n)],
            "name": [f"{web}-{i:05d}" for i in range(n)],
            "workload": [web if i % 4 else "batch" for i in range(n)],
            "owner": [None if i % 4 else "Job/batch" for i in range(n)],
            "priority": np.where(np.arange(n) % 5, 0, 100).astype(np.int32),
            "cpu_milli": pods["cpu"],
            "memory_bytes": pods["memory"],
            "gpu_milli": pods["gpu"],
            "node": [name if ok else None for name, ok in zip(names, placed, strict=True)],
            "zone": ["abc"[z] if ok else None for z, ok in zip(pods["zone"], placed, strict=True)],
            "created_us": pods["created"],
            "scheduled_us": nullable(pods["scheduled"]),
            **_stages(day, pods),
            "finished_us": nullable(pods["finished"]),
            "phase": phase,
            "reason": ["NodeLost" if lost else None for lost in pods["lost"]],
            "stateful": np.arange(n) % 10 == 9,
            "attempts": pods["attempts"],
            "restarts": np.zeros(n, dtype=np.int32),
            "lost_cause": nullable(np.where(pods["lost"], 2, -1)),
            "lost_work_us": np.where(pods["lost"], pods["finished"] - pods["running"], 0),
        }
    )


def _stages(day: Day, pods: dict) -> dict:
    """Times from binding to Ready: shares of the time from scheduled to running."""
    placed, ran = pods["scheduled"] >= 0, pods["running"] >= 0
    way = np.where(ran, pods["running"] - pods["scheduled"], 2 * S)
    pull = way * np.where(np.arange(len(way)) % 5 == 0, 0.4, 0)

    def at(share: float, where: np.ndarray = placed) -> object:
        here = np.minimum(pods["scheduled"] + (way * share).astype(np.int64), day.duration_us)
        return nullable(np.where(where, here, -1))

    return {
        "bound_us": at(0.004),
        "seen_us": at(0.006),
        "pulled_us": at(0.55),
        "started_us": at(0.7),
        "running_us": nullable(pods["running"]),
        "ready_us": at(1.1 if not day.instant else 1, ran),
        "image_pull_us": np.where(ran, pull, 0).astype(np.int64),
        "init_us": np.zeros(len(way), np.int64),
    }


def _write_requests(recorder: Recorder, day: Day) -> None:
    """Five-minute windows of a few kinds of requests; the outage's are slow and some rejected."""
    rng = np.random.Generator(np.random.PCG64(day.seed + 1000))
    evil = EVIL if day.evil else ""
    kinds = [
        ("kube-scheduler", "POST", "pods/binding", 6_000, 40),
        ("kubelet" + evil, "PATCH", "pods/status", 5_000, 80),
        ("kubelet" + evil, "GET", "pods", 1_500, 120),
        ("kube-controller-manager/replicaset", "POST", "pods", 8_000, 30),
        ("operator", "POST", "pods", 9_000, 8),
        ("operator", "LIST", "pods", 400_000, 2),
    ]
    for start in range(0, day.duration_us, 5 * MINUTE):
        bad = 30 if day.outage and OUTAGE_US <= start < OUTAGE_US + HOUR else 1
        for client, verb, resource, median, n in kinds:
            p50 = 0 if day.instant else int(median * day.slow_api * rng.uniform(0.8, 1.3) * bad)
            wait = p50 // 3 if bad > 1 else 0
            recorder.api_requests.append((
                client, verb, resource, start, n * bad, n * 9 if bad > 1 and verb == "LIST" else 0,
                wait // 2, wait, p50 * 1.3, p50, p50 * 3, p50 * 9, p50 * 20,
                2 * S if client == "operator" else 0,
            ))  # fmt: skip


def _write_decisions(recorder: Recorder, day: Day, pods: dict, rng: np.random.Generator) -> None:
    n = day.nodes
    texts = [
        (f"0/{n} nodes are available: {n // 3} node(s) had untolerated taint(s), "
         f"{n - n // 3} Insufficient cpu.", "NodeResourcesFit"),
        (f"0/{n} nodes are available: {n} Insufficient memory.", "NodeResourcesFit"),
        (f"0/{n} nodes are available: {n} node(s) didn't match Pod's node affinity/selector."
         + (EVIL if day.evil else ""), "NodeAffinity"),
    ]  # fmt: skip
    for i, (text, plugin) in enumerate(texts):
        recorder.reasons.append((i, text, plugin))
    rows = []
    service = rng.lognormal(np.log(350 * day.latency**0.5), 0.4, len(pods["created"]))
    for i in range(len(pods["created"])):
        created, done = int(pods["created"][i]), int(pods["scheduled"][i])
        until = done if done >= 0 else day.duration_us
        last = int(pods["attempts"][i])
        outcome = "bound" if done >= 0 else ("dropped" if pods["dropped"][i] else "unschedulable")
        for attempt in range(1, last + 1):
            final = attempt == last
            t = created + (until - created) * attempt // last
            bound = final and outcome == "bound"
            reason = None if bound else (i * 7 + attempt * 3) % 10 // 4
            if day.solves and final and bound and i % 50 == 0:
                rows.append((t, i, attempt, day.strategy, "stale", None, 5, None, 10, 10, 0, 0))
            rows.append((
                t, i, attempt, day.strategy, (outcome if final else "unschedulable"),
                int(pods["node"][i]) if bound else None, 100 + i % 200 if bound else 0,
                50 + i % 50 if bound else None, int((t - created) // last % (5 * S)),
                int(service[i]), reason, 0,
            ))  # fmt: skip
    for row in sorted(rows, key=lambda row: row[0]):
        recorder.decisions.append(row)


def _instants(day: Day, step_us: int) -> np.ndarray:
    return np.append(np.arange(0, day.duration_us, step_us), day.duration_us)


def _weighted(pods: dict, weight: np.ndarray, at: np.ndarray) -> np.ndarray:
    placed = pods["scheduled"] >= 0
    start, stop = pods["scheduled"][placed], pods["finished"][placed]
    amount = weight[placed]
    total = np.zeros(len(at) + 1, dtype=np.int64)
    np.add.at(total, np.searchsorted(at, start, "left"), amount)
    gone = stop >= 0
    np.add.at(total, np.searchsorted(at, stop[gone], "left"), -amount[gone])
    return np.cumsum(total)[: len(at)]


def _down(day: Day, at: np.ndarray) -> np.ndarray:
    return (at >= OUTAGE_US) & (at < OUTAGE_US + OUTAGE_FOR_US) & day.outage


def _write_series(recorder: Recorder, day: Day, nodes: dict, pods: dict, fits: np.ndarray) -> None:
    at = _instants(day, MINUTE)
    down = _down(day, at)
    never = np.full(len(pods["created"]), -1)
    kept = np.where(pods["dropped"], -1, pods["created"])
    pending = _alive(kept, pods["running"], at)
    done = np.where(pods["lost"], -1, pods["finished"])
    lost = np.where(pods["lost"], pods["finished"], -1)

    def ready(column: str) -> np.ndarray:
        zone_b = int(nodes[column][nodes["zone"] == 1].sum())
        return int(nodes[column].sum()) - down * zone_b

    counts = np.ones(day.nodes, dtype=np.int64)
    nodes["one"] = counts
    recorder.timeseries.extend(
        {
            "t_us": at,
            "pending": pending,
            "running": _alive(pods["running"], pods["finished"], at),
            "succeeded": _alive(done, never, at),
            "failed": _alive(lost, never, at),
            "terminating": np.where(down, 5, 0),
            "created_total": _alive(pods["created"], never, at),
            "bound_total": _alive(pods["scheduled"], never, at),
            "nodes_ready": ready("one"),
            "nodes_total": np.full(len(at), day.nodes),
            "cpu_requested_milli": np.minimum(_weighted(pods, pods["cpu"], at), ready("cpu")),
            "cpu_allocatable_milli": ready("cpu"),
            "memory_requested_bytes": np.minimum(
                _weighted(pods, pods["memory"], at), ready("memory")
            ),
            "memory_allocatable_bytes": ready("memory"),
            "gpu_requested_milli": np.minimum(_weighted(pods, pods["gpu"], at), ready("gpu_milli")),
            "gpu_allocatable_milli": ready("gpu_milli"),
            "nodes_used": np.full(len(at), round(day.nodes * day.packing)) - down * 3,
            "queue_active": pending // 3,
            "queue_backoff": pending // 5,
            "queue_unschedulable": pending - pending // 3 - pending // 5,
        }
    )


def _write_samples(recorder: Recorder, day: Day, nodes: dict, pods: dict) -> None:
    at = np.linspace(0, day.duration_us, 96).astype(np.int64)
    placed = pods["scheduled"] >= 0
    stop = np.where(pods["finished"] < 0, day.duration_us + 1, pods["finished"])
    for t in at:
        up = placed & (pods["scheduled"] <= t) & (stop > t)

        def total(weight: np.ndarray, up: np.ndarray = up) -> np.ndarray:
            return np.bincount(pods["node"][up], weight[up], day.nodes)

        gpu_share = total(pods["gpu"]) / np.maximum(1, nodes["gpu_milli"])
        recorder.node_samples.extend(
            {
                "t_us": np.full(day.nodes, t),
                "node": np.arange(day.nodes),
                "cpu_share": np.minimum(1.0, total(pods["cpu"]) / nodes["cpu"]),
                "memory_share": np.minimum(1.0, total(pods["memory"]) / nodes["memory"]),
                "gpu_share": [
                    min(1.0, float(share)) if has else None
                    for share, has in zip(gpu_share, nodes["gpu"], strict=True)
                ],
                "pods": total(np.ones(len(up))).astype(np.int32),
                "ready": ~((nodes["zone"] == 1) & _down(day, np.array([t]))[0]),
            }
        )


def _write_faults(recorder: Recorder, day: Day, nodes: dict, pods: dict) -> None:
    rows = []
    for i in range(0, day.nodes, max(1, day.nodes // 12)):
        t = (i * 7919 % day.nodes + 1) * day.duration_us // (day.nodes + 2)
        name = _node_name(day, i, int(nodes["zone"][i]))
        rows += [
            (t, "nodeCrash", "start", name, 9 * MINUTE, 3, None),
            (t + 45 * S, "nodeCrash", "detected", name, None, 0, None),
            (t + 9 * MINUTE, "nodeCrash", "end", name, None, 0, None),
        ]
    if day.outage:
        hit = int(pods["lost"].sum())
        zone, at = "b", OUTAGE_US
        rows += [
            (at, "zoneOutage", "start", zone, OUTAGE_FOR_US, hit, None),
            (at + 48 * S, "zoneOutage", "detected", zone, None, 0, f"{day.nodes // 3} nodes"),
            (at + OUTAGE_FOR_US, "zoneOutage", "end", zone, None, 0, None),
        ]
    for row in sorted(rows, key=lambda row: row[0]):
        if row[0] <= day.duration_us:
            recorder.faults.append(row)


def _write_nodes(recorder: Recorder, day: Day, nodes: dict, pods: dict, fits: np.ndarray) -> None:
    n = day.nodes
    started = np.bincount(pods["node"][pods["scheduled"] >= 0], minlength=n)
    share = np.minimum(1.0, started / max(1, started.max()))
    down = (nodes["zone"] == 1) & day.outage
    recorder.nodes.extend(
        {
            "node": np.arange(n),
            "name": [_node_name(day, i, int(nodes["zone"][i])) for i in range(n)],
            "profile": ["g4dn.12xlarge" if g else "m5.4xlarge" for g in nodes["gpu"]],
            "zone": ["abc"[z] for z in nodes["zone"]],
            "cpu_milli": nodes["cpu"],
            "memory_bytes": nodes["memory"],
            "gpu_count": nodes["gpu_milli"] // 1000,
            "gpu_model": ["T4" if g else None for g in nodes["gpu"]],
            "max_pods": np.full(n, 110),
            "price_per_hour": np.where(nodes["gpu"], 3.912, 0.768),
            "joined_us": np.zeros(n, dtype=np.int64),
            "removed_us": [None] * n,
            "crashes": down.astype(np.int32),
            "down_us": down * OUTAGE_FOR_US,
            "cpu_requested_mean": share * 0.8,
            "memory_requested_mean": share * 0.6,
            "gpu_requested_mean": [
                float(s) if g else None for s, g in zip(share, nodes["gpu"], strict=True)
            ],
            "pods_peak": np.minimum(110, started),
            "pods_started": started,
        }
    )


def _write_controllers(recorder: Recorder, day: Day, pods: dict) -> None:
    n = len(pods["created"])
    for name, workers, service, share in [
        ("scheduler", 1, 350.0, 0.08),
        ("replicaset", 5, 12_000.0, 0.12),
        ("job", 5, 15_000.0, 0.31),
        ("nodelifecycle", 8, 900.0, 0.004),
        ("kube-apiserver/workload-high", 98, 9_000.0, 0.03),
        ("kube-apiserver/system", 74, 9_000.0, 0.92),
        ("etcd", 1, 1_500.0, 0.4),
        ("kubelet", 1, 0.0, 0.0),
    ]:
        busy = int(share * workers * day.duration_us)
        recorder.controllers.append((
            name, workers, n // workers, 2100.5, 900, 48_000, service, int(service * 0.9),
            int(service * 4), busy, share, n, 12 * S if name == "job" else 0, n // 900,
        ))  # fmt: skip


def _write_solves(recorder: Recorder, day: Day, rng: np.random.Generator) -> None:
    for i in range(day.solves):
        size = int(rng.integers(1, 200))
        gap = 0.0 if i % 4 else float(rng.uniform(0, 0.2))
        recorder.solves.append((
            (i + 1) * day.duration_us // (day.solves + 1), size, 120,
            "optimal" if gap == 0 else "feasible", 100.0 + size, (100.0 + size) * (1 - gap), gap,
            101.0 + size, 0.02 * size, int(40_000 + 900 * size), size - i % 3, i % 3,
            float(rng.uniform(0.01, 0.4)),
        ))  # fmt: skip
        _write_curve(recorder, day, i, 100.0 + size, (100.0 + size) * (1 - gap))


def _write_curve(recorder: Recorder, day: Day, solve: int, value: float, bound: float) -> None:
    """A third is proved at once, the others get better in steps; a second stage follows."""
    stage = f"placed_{EVIL if day.evil else 0}"
    steps = 1 + 2 * (solve % 3)
    for step in range(steps):
        far = (steps - 1 - step) / 10 * value + (value - bound)
        at = (0.02 * solve % 0.3) * step
        recorder.solve_curve.append((solve, stage, at, value - far / 2, value + far / 2))
    recorder.solve_curve.append((solve, "nodes_in_use", 0.3 * (steps > 1), 7.0, 7.0 - solve % 2))


def _write_bounds(recorder: Recorder, day: Day) -> None:
    """Packed days are closer to what is possible."""
    for step in range(1, 6):
        t_us, short = day.duration_us * step // 5, round(20 * day.packing)
        for what, wanted, reached, bound, capacity in (
            (Bounded.PODS, 400, 390 - short, 395, 400),
            (Bounded.CPU, 90_000, 60_000 - 100 * short, 61_000, 100_000),
            (Bounded.GPU, 9_000, 7_000 - 50 * short, 7_000, 8_000),
            (Bounded.NODES, 20, 20, 18 - short // 10, day.nodes),
        ):
            tier = 0 if what is Bounded.PODS else None
            recorder.bounds.append((t_us, what, tier, wanted, reached, bound, capacity))


def _write_queues(recorder: Recorder) -> None:
    """Two queues: one with quota that borrows, one without."""
    for i in range(3):
        for resource, nominal in (("cpu", 4_000), ("spot/memory", 1 << 30), ("example.com/x", 2)):
            row = (nominal, nominal * i, i, 3 * i, i, 60_000_000 * i)
            recorder.queues.append((i * 60_000_000, f"team {EVIL}", resource, *row))
        recorder.queues.append((i * 60_000_000, "other", "cpu", None, 500, 1, 0, 0, 0))


def _write_usage(recorder: Recorder) -> None:
    """Half of what is requested is used, at the instants of the time series."""
    series = recorder.timeseries.frame()
    for i, row in enumerate(series.iter_rows(named=True)):
        cpu, memory = row["cpu_requested_milli"], row["memory_requested_bytes"]
        has = (row["cpu_allocatable_milli"] + 100, row["memory_allocatable_bytes"] + 100)
        recorder.usage.append(
            (row["t_us"], cpu, cpu * 3 // 4, cpu // 2, memory // 2, *has, i, i // 2, i, i % 3, 0)
        )


def _manifest(day: Day, digest: str) -> Manifest:
    text = (
        f"apiVersion: simk8s/v1\nname: {day.scenario}\nseed: {day.seed}\nduration: 24h\n"
        f"nodes:\n  - {{profile: m5.4xlarge, count: {day.nodes}, zones: [a, b, c]}}\n"
        f"strategy: {day.strategy}\n"
        + (f"# {EVIL}\n" if day.evil else "")
        + (f"thresholds: {json.dumps(day.thresholds)}\n" if day.thresholds else "")
    )
    return Manifest(
        version="0.1.0",
        versions={"python": "3.11.9", "polars": "2.1.0", "simpy": "4.1.2"},
        scenario=day.scenario + (EVIL if day.evil else ""),
        scenario_path=f"scenarios/{day.scenario}.yaml",
        scenario_hash="5f0c1d",
        scenario_text=text,
        strategy=day.strategy + (EVIL if day.evil else ""),
        variant=day.variant,
        seed=day.seed,
        duration_us=day.duration_us,
        simulated_us=day.duration_us,
        stop_reason="interrupted" if day.interrupted else "duration",
        interrupted=day.interrupted,
        digest=digest,
        wall_seconds=8.4,
        cpu_seconds=8.1,
        peak_memory_bytes=310 * 2**20,
        pods_per_second=2380.0,
        command=f"simk8s run scenarios/{day.scenario}.yaml --seed {day.seed}",
        warnings=[f"W101 no node group fits {EVIL}"] if day.evil else [],
    )
