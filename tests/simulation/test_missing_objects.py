"""Whole runs of pods that need what is not there: they wait, and start once it has come."""

from __future__ import annotations

import pytest

from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.build import Options, build
from simk8s.state.pods import PENDING, RUNNING

SCENARIO = """
apiVersion: simk8s/v1
name: missing
duration: 20m
nodes: [{capacity: {cpu: "4", memory: 16Gi}, count: 2, zones: [a]}]
workload:
  - {name: pods, manifests: [pod.yaml]}
  - {name: late, manifests: [late.yaml], at: 100s}
"""
HEAD = "apiVersion: v1\nkind: {kind}\nmetadata: {{name: it}}\n"
POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: p}}
spec:
  volumes: [{volumes}]
  containers: [{{name: c, image: x, {more}}}]
"""
MINUTE = 60_000_000


@pytest.fixture
def world(tmp_path):
    def make(late, volumes="", more="", seed=1):
        (tmp_path / "pod.yaml").write_text(POD.format(volumes=volumes, more=more), "utf-8")
        (tmp_path / "late.yaml").write_text(late, "utf-8")
        loaded = load(tmp_path / "s.yaml", knowledge=machines(), text=SCENARIO)
        made = build(loaded, seed=seed, horizon_us=20 * MINUTE, options=Options())
        made.start()
        return made

    return make


CONFIG = HEAD.format(kind="ConfigMap") + "data: {key: x}\n"
SECRET = HEAD.format(kind="Secret") + "stringData: {key: x}\n"
CLAIM = HEAD.format(kind="PersistentVolumeClaim") + (
    "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
)


@pytest.mark.parametrize(
    ("late", "volumes", "more", "reason", "latest_s"),
    [
        (CONFIG, "{name: v, configMap: {name: it}}", "", "ContainerCreating", 130),
        (SECRET, "{name: v, secret: {secretName: it}}", "", "ContainerCreating", 130),
        (CONFIG, "", "envFrom: [{configMapRef: {name: it}}]", "CreateContainerConfigError", 15),
        (
            SECRET,
            "",
            "env: [{name: E, valueFrom: {secretKeyRef: {name: it, key: key}}}]",
            "CreateContainerConfigError",
            15,
        ),
    ],
)
def test_a_pod_starts_once_what_it_needs_is_there(world, late, volumes, more, reason, latest_s):
    made = world(late, volumes, more)
    made.clock.run(99_000_000)
    pods = made.cluster.pods
    assert (pods.phase[0], pods.node[0] >= 0, pods.reasons[0]) == (PENDING, True, reason)
    made.clock.run(20 * MINUTE)
    assert pods.phase[0] == RUNNING
    assert 0 not in pods.reasons
    assert 100_000_000 < pods.running_us[0] < (100 + latest_s + 15) * 1_000_000


def test_a_key_that_is_missing_holds_it_back(world):
    more = "env: [{name: E, valueFrom: {configMapKeyRef: {name: it, key: other}}}]"
    made = world(CONFIG, more=more)
    made.clock.run(20 * MINUTE)
    assert made.cluster.pods.phase[0] == PENDING


def test_a_pod_that_waits_can_be_deleted(world):
    made = world(CONFIG, "{name: v, configMap: {name: it}}")
    made.clock.run(50_000_000)
    made.store.delete_pod(0)
    made.clock.run(20 * MINUTE)
    assert made.cluster.pods.finished_us[0] > 0
    assert made.cluster.pods.started_us[0] == -1


def test_a_claim_wakes_the_pod_that_waits_for_it(world):
    made = world(CLAIM, "{name: v, persistentVolumeClaim: {claimName: it}}")
    made.clock.run(99_000_000)
    pods = made.cluster.pods
    assert (pods.phase[0], pods.node[0]) == (PENDING, -1)
    made.clock.run(20 * MINUTE)
    assert pods.phase[0] == RUNNING
    # On the event and its backoff, not on the flush after five minutes.
    assert 100_000_000 < pods.scheduled_us[0] < 111_000_000


def test_a_claim_of_an_ephemeral_volume_comes_and_goes_with_its_pod(world):
    spec = "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}"
    volume = f"{{name: v, ephemeral: {{volumeClaimTemplate: {{{spec}}}}}}}"
    made = world(CONFIG, volume)
    made.clock.run(90_000_000)
    pods, claims = made.cluster.pods, made.store.objects("persistentvolumeclaims")
    assert pods.phase[0] == RUNNING
    assert len(claims) == 1
    made.store.delete_pod(0)
    made.clock.run(20 * MINUTE)
    assert len(claims) == 0
    assert not made.cluster.volumes.claims
