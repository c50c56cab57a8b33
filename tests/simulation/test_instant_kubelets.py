"""Fake kubelets whose pods start at once do what all kubelets do, in one frame (nodes/instant)."""

from __future__ import annotations

from collections import Counter

import pytest

from simk8s.nodes import kubelet
from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.run import run_scenario

TEXT = """\
apiVersion: simk8s/v1
name: instant
duration: 6h
controlPlane: {profile: instant%s}
nodes: [{name: n, capacity: {cpu: "8", memory: 16Gi}, count: 6, zones: [a, b], racks: 3}]
workload:
  - name: batch
    arrivals: {poisson: {rate: 150/h}}
    lifetime: {lognormal: {p50: 6m, p99: 1h}}
    template: {spec: {containers: [{name: a, resources: {requests: {cpu: 300m, memory: 500Mi}}}]}}
  - name: told
    arrivals: {poisson: {rate: 9/h}}
    template:
      metadata: {annotations: {simk8s.io/lifetime: 11m}}
      spec: {containers: [{name: a, resources: {requests: {cpu: 100m}}}]}
  - name: web
    deployment:
      replicas: 5
      template: {spec: {containers: [{name: a, resources: {requests: {cpu: 300m}}}]}}
%s"""
CRASHES = """\
  - name: odd
    arrivals: {poisson: {rate: 2/h}}
    template:
      metadata: {annotations: {simk8s.io/crash-after: 2m, simk8s.io/lifetime: 20m}}
      spec: {restartPolicy: OnFailure, containers: [{name: a, resources: {requests: {cpu: 1}}}]}
"""
FAULTS = """\
faults:
  - nodeCrash: {mtbf: 40m, mttr: {lognormal: {p50: 3m, p99: 20m}}}
  - networkPartition: {select: {names: n-0}, at: 50m, for: 12m}
  - kubeletHang: {at: 100m, for: 90s}
  - slowNode: {at: 150m, for: 20m, factor: 3}
  - containerCrash: {at: 200m, count: 3}
  - nodeReboot: {at: 240m, select: {names: n-1}}
  - networkPartition: {select: {names: n-2}, at: 300m, for: 2m}
"""
WORLDS = {
    "faulty": TEXT % ("", FAULTS),
    "crashing": TEXT % ("", CRASHES),
    "late": TEXT % (", apiServer: {watchLag: 40ms}", CRASHES + FAULTS),
}


def digest_and_turns(text, folder, monkeypatch):
    heard = Counter()
    hear = kubelet.KubeletPool._hear

    def counted(self, verb, pod, now_us):
        heard[verb.name] += 1
        hear(self, verb, pod, now_us)

    monkeypatch.setattr(kubelet.KubeletPool, "_hear", counted)
    loaded = load(folder / "t.yaml", text=text, knowledge=machines())
    made = run_scenario(loaded, out=folder / "out", seed=3)
    monkeypatch.setattr(kubelet.KubeletPool, "_hear", hear)
    return made.manifest.digest, heard


@pytest.mark.parametrize("name", WORLDS)
def test_the_short_way_leads_to_where_the_long_one_does(name, tmp_path, monkeypatch):
    short, few = digest_and_turns(WORLDS[name], tmp_path, monkeypatch)
    monkeypatch.setattr(kubelet, "delivering", lambda pool: pool._deliver)
    monkeypatch.setattr(kubelet, "ending", lambda pool: pool._ended)
    long, all_ = digest_and_turns(WORLDS[name], tmp_path, monkeypatch)
    assert short == long
    assert few["BOUND"] < all_["BOUND"], "the short way was never gone"
