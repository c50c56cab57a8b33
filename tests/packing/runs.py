"""Small scenarios with ReplicaSets."""

from __future__ import annotations

import polars as pl

from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.build import Options
from simk8s.simulation.run import run_scenario

HEAD = """
apiVersion: simk8s/v1
name: packing
seed: 3
duration: {duration}
nodes: [{{capacity: {{cpu: "4", memory: 16Gi}}, count: {nodes}, zones: [a]}}]
strategy: {strategy}
workload:
  - {{name: sets, manifests: [m.yaml]}}
"""
LARGE = """
  - name: large
    arrivals: {schedule: {at: [1m]}}
    lifetime: 1h
    template: {spec: {containers: [{name: a, resources: {requests: {cpu: 2800m, memory: 64Mi}}}]}}
"""


def replicaset(name, replicas, cpu, priority=0):
    return f"""
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      priority: {priority}
      containers: [{{name: a, image: x, resources: {{requests: {{cpu: {cpu}, memory: 64Mi}}}}}}]
"""


def budget(name, least):
    return f"""
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: {name}}}
spec: {{minAvailable: {least}, selector: {{matchLabels: {{app: {name}}}}}}}
"""


def run(folder, manifests, *, strategy="kube_scheduler", nodes=2, duration="10m", more=""):
    """(pods, solves, digest)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "m.yaml").write_text(manifests, encoding="utf-8")
    text = HEAD.format(nodes=nodes, duration=duration, strategy=strategy) + more
    loaded = load(folder / "s.yaml", knowledge=machines(), text=text)
    out = folder / "out"
    outcome = run_scenario(loaded, out=out, audit=True, options=Options())
    return (
        pl.read_parquet(out / "pods.parquet"),
        pl.read_parquet(out / "solves.parquet"),
        outcome.manifest.digest,
    )
