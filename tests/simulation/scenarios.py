"""Small scenarios for tests of whole runs."""

from __future__ import annotations

from pathlib import Path

from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import Loaded, load

SMALL = """
apiVersion: simk8s/v1
name: small
seed: 5
duration: 2h
nodes:
  - {profile: m5.xlarge, count: 12, zones: [a, b, c]}
  - {profile: c5.2xlarge, count: 6, zones: [a, b, c], taints: ["batch=only:NoSchedule"]}
workload:
  - name: web
    arrivals: {poisson: {rate: 2/min}}
    lifetime: {lognormal: {p50: 10m, p99: 2h}}
    template:
      spec:
        priority: 10
        containers: [{name: a, resources: {requests: {cpu: 700m, memory: 1Gi}}}]
  - name: batch
    arrivals: {poisson: {rate: 3/min}}
    lifetime: {exponential: {mean: 8m}}
    requests: {cpu: {uniform: {min: 100m, max: "3"}}, memory: {uniform: {min: 64Mi, max: 4Gi}}}
    template:
      spec:
        tolerations: [{key: batch, operator: Exists}]
        containers: [{name: a}]
"""


def loaded(text: str = SMALL, **overrides: str) -> Loaded:
    """The scenario as the command line would load it."""
    changes = [(path.replace("__", "."), value) for path, value in overrides.items()]
    return load(Path("small.yaml"), knowledge=machines(), text=text, overrides=changes)
