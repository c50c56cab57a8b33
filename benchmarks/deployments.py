"""CPU per pod of a cluster that comes to be: 10,000 Deployments with 150,000 pods on 5,000 nodes.

Every Deployment has 15 replicas, labels and a template of its own, so every one has a ReplicaSet
and a selector of its own; no image is named, so there is nothing to pull. All are written at 0 by a
user whose tool waits for answers. The run has converged when every pod is Ready: a pod is POSTed,
scheduled, bound, started and reported, and its ReplicaSet's and its Deployment's status follow.
kube-scheduler and kube-controller-manager have the QPS of tests at that scale (`--qps`), since 20
a second would take two hours. Each run is a process of its own
(`python -m benchmarks.deployments --one PROFILE`), its figure the CPU time of loading, build,
simulation and sealing over the number of pods, raw and at reference speed (see
`benchmarks.scheduling`).

Target: at most 250 us of CPU a pod at reference speed, the control plane modelled.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from benchmarks.scheduling import figures
from benchmarks.yardstick import REFERENCE_US, customer_us

DEPLOYMENTS, REPLICAS, NODES, QPS, TARGET_US = 10_000, 15, 5_000, 1_000, 250.0
PROFILES = ("instant", "large-5000", "small")
SLOWEST_S = {"instant": 60, "large-5000": 3_600, "small": 7_200}
"""Simulated time within which every pod must be Ready."""
PER_FILE = 1_000
"""Deployments in one List."""
CONTROLLERS = ("deployment", "replicaset")
REPEATS = 5
NAME = "app-00000"
MANIFEST = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": NAME, "labels": {"app": NAME}},
    "spec": {
        "replicas": REPLICAS,
        "selector": {"matchLabels": {"app": NAME}},
        "template": {
            "metadata": {"labels": {"app": NAME}},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}},
                    }
                ]
            },
        },
    },
}


def scenario(profile: str, nodes: int, qps: int) -> dict[str, Any]:
    """The scenario of one profile."""
    limits = {"qps": qps, "burst": qps}
    return {
        "apiVersion": "simk8s/v1",
        "name": "deployments",
        "duration": f"{SLOWEST_S[profile]}s",
        "sampling": {"interval": "30s"},
        "controlPlane": {"profile": profile},
        "controllers": {name: {"name": name, **limits} for name in CONTROLLERS},
        "strategy": {"name": "kube_scheduler", "config": "scheduler.json"},
        "nodes": [{"profile": "m5.4xlarge", "count": nodes, "zones": ["a", "b", "c"]}],
        "workload": [{"name": "apps", "manifests": ["apps"]}],
    }


def write(
    folder: Path, profile: str, deployments: int, nodes: int, qps: int, replicas: int = REPLICAS
) -> Path:
    """Scenario, configuration and manifests; the scenario's path."""
    config = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"qps": qps, "burst": qps},
    }
    text = json.dumps(MANIFEST).replace(f'"replicas": {REPLICAS}', f'"replicas": {replicas}')
    for first in range(0, deployments, PER_FILE):
        last = min(first + PER_FILE, deployments)
        items = ",".join(text.replace(NAME, f"app-{number:05d}") for number in range(first, last))
        whole = f'{{"apiVersion": "v1", "kind": "List", "items": [{items}]}}'
        (folder / "apps").mkdir(exist_ok=True)
        (folder / "apps" / f"{first:05d}.json").write_text(whole)
    (folder / "scheduler.json").write_text(json.dumps(config))
    path = folder / "bench.json"
    path.write_text(json.dumps(scenario(profile, nodes, qps)))
    return path


def one(profile: str, deployments: int, nodes: int, qps: int) -> dict[str, Any]:
    """Run one profile in this process."""
    from simk8s.nodes.knowledge import machines
    from simk8s.scenario.load import load
    from simk8s.simulation.build import Options
    from simk8s.simulation.run import run_scenario

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write(folder, profile, deployments, nodes, qps)
        references = [customer_us() for _ in range(REPEATS)]
        begin = process_time()
        loaded = load(path, knowledge=machines())
        reading_s = process_time() - begin
        outcome = run_scenario(loaded, out=folder / "out", options=Options())
        references += [customer_us() for _ in range(REPEATS)]
        import polars as pl

        pods = pl.scan_parquet(folder / "out" / "pods.parquet")
        row = pods.select(pl.len(), pl.col("ready_us").count().alias("ready"),
                          pl.col("ready_us").max().alias("last")).collect().row(0)  # fmt: skip
    manifest, slower = outcome.manifest, median(references) / REFERENCE_US
    created, ready, last_us = row
    cost = (manifest.cpu_seconds + reading_s) * 1e6 / max(1, created)
    return {
        "profile": profile,
        "pods": created,
        "wanted": deployments * REPLICAS,
        "ready": ready,
        "converged_s": (last_us or 0) / 1e6,
        "reading_us_per_pod": reading_s * 1e6 / max(1, created),
        "cpu_us_per_pod": cost,
        "slower_than_reference": slower,
        "reference_us_per_pod": cost / slower,
        "peak_mib": manifest.peak_memory_bytes / (1 << 20),
        "digest": manifest.digest,
    }


def measured(profile: str, size: list[str], **env: str) -> dict[str, Any]:
    """The figures of one run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.deployments", "--one", profile, *size]
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(size: list[str] | None = None) -> int:
    """Print the table; 1 if a run does not converge, misses the target or has another digest."""
    failed = False
    for profile in PROFILES:
        run = measured(profile, size or [])
        done = run["ready"] == run["pods"] == run["wanted"]
        failed |= not done or run["reference_us_per_pod"] > TARGET_US
        print(
            f"{profile:12} {run['ready']} of {run['wanted']} pods Ready after"
            f" {run['converged_s']:.1f} s  {figures(run)}, {run['reading_us_per_pod']:.1f} us of"
            f" them reading manifests  {run['peak_mib']:.0f} MiB  {run['digest']}"
        )
        if profile == PROFILES[0]:
            same = measured(profile, size or [], PYTHONHASHSEED="1")["digest"] == run["digest"]
            failed |= not same
            print(f"    another PYTHONHASHSEED: digest {'equal' if same else 'DIFFERS'}")
    return int(failed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", choices=PROFILES)
    parser.add_argument("--deployments", type=int, default=DEPLOYMENTS)
    parser.add_argument("--nodes", type=int, default=NODES)
    parser.add_argument("--qps", type=int, default=QPS)
    given = parser.parse_args()
    if given.one is None:
        names = ("deployments", "nodes", "qps")
        sizes = [word for name in names for word in (f"--{name}", str(getattr(given, name)))]
        sys.exit(main(sizes))
    print(json.dumps(one(given.one, given.deployments, given.nodes, given.qps)))
