"""What faults do in whole worlds: each kind, with what it must change and what it must not."""

from __future__ import annotations

import pytest
import yaml

from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.build import Options, build
from simk8s.state.audit import audit
from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.pods import FAILED, NEVER, PENDING, RUNNING

SECOND = 1_000_000
MINUTE = 60 * SECOND


def template(image="web:1", **spec):
    container = {"name": "a", "image": image, "resources": {"requests": {"cpu": "500m"}}}
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [container], **spec},
    }


class Run:
    """A small cluster with a Deployment and faults; `at(minutes)` lets time pass."""

    def __init__(self, *faults, replicas=6, nodes=3, late=0, profile="small", restart="Always"):
        pods = template(restartPolicy=restart)
        workload = [{"name": "web", "deployment": {"replicas": replicas, "template": template()}}]
        if restart != "Always":
            workload = [
                {
                    "name": "web",
                    "job": {"completions": replicas, "parallelism": replicas, "template": pods},
                    "lifetime": "1h",
                }
            ]
        if late:
            other = {"replicas": 3, "template": template("late:1")}
            workload.append({"name": "late", "deployment": other, "at": f"{late}m"})
        scenario = {
            "apiVersion": "simk8s/v1",
            "name": "faulty",
            "duration": "3h",
            "nodes": [
                {
                    "name": "n",
                    "capacity": {"cpu": "8", "memory": "16Gi"},
                    "count": nodes,
                    "zones": ["a"],
                    "racks": 3,
                }
            ],
            "workload": workload,
            "faults": list(faults),
            "controlPlane": {"profile": profile},
        }
        text = yaml.safe_dump(scenario, sort_keys=False)
        loaded = load("faulty.yaml", knowledge=machines(), text=text)
        self.world = build(loaded, seed=1, horizon_us=180 * MINUTE, options=Options())
        self.pods, self.nodes = self.world.cluster.pods, self.world.cluster.nodes
        self.world.start()

    def at(self, minutes):
        self.world.clock.run(round(minutes * MINUTE))
        audit(self.world.cluster)
        return self

    def having(self, phase, node=None):
        pods = range(len(self.pods))
        return [
            p for p in pods if self.pods.phase[p] == phase and node in (None, self.pods.node[p])
        ]

    def ready(self):
        return sum(self.pods.ready[pod] for pod in self.having(RUNNING))

    def taints(self, node):
        return [t.key.rpartition("/")[2] for t in self.nodes.specs[node].taints]

    def moments(self, kind):
        frame = self.world.recorder.faults.frame()
        return frame.filter(kind=kind).select("phase", "target", "pods_hit").rows()


def test_pods_run_on_behind_a_partition_and_report_when_it_heals():
    run = Run({"networkPartition": {"select": {"names": "n-0"}, "at": "10m", "for": "4m"}})
    hit = run.at(10).having(RUNNING, 0)
    assert run.at(13).having(RUNNING, 0) == hit
    assert run.taints(0) == ["unreachable", "unreachable"]
    assert run.ready() == 4
    assert run.at(15).ready() == 6
    assert run.taints(0) == []
    assert sum(run.pods.restarts[pod] for pod in hit) == 0
    phases = [phase for phase, *_ in run.moments("networkPartition")]
    assert phases == ["start", "detected", "tainted", "end"]


def test_a_hanging_kubelet_starts_nothing_until_it_lives():
    hang = {"kubeletHang": {"at": "10m", "for": "40s"}}
    run = Run(hang, late=10.2)
    assert run.at(10.6).having(PENDING)
    assert all(run.pods.started_us[pod] == NEVER for pod in run.having(PENDING))
    assert run.at(12).ready() == 9


def test_a_slow_node_starts_pods_later():
    usual, slow = Run(late=10), Run({"slowNode": {"at": "5m", "for": "20m", "factor": 10}}, late=10)
    times = []
    for run in (usual, slow):
        run.at(25)
        late = run.having(RUNNING)[6:]
        assert len(late) == 3
        times.append([run.pods.running_us[p] - run.pods.created_us[p] for p in late])
    assert min(times[1]) > 3 * max(times[0])


@pytest.mark.parametrize(
    ("fault", "taint"),
    [({"diskFull": {}}, "disk-pressure"), ({"memoryHog": {"memory": "4Gi"}}, "memory-pressure")],
)
def test_pressure_is_a_condition_and_a_taint(fault, taint):
    ((kind, section),) = fault.items()
    run = Run({kind: {**section, "at": "10m", "for": "10m"}}, late=11)
    run.at(12)
    assert [run.taints(node) for node in range(3)] == [[taint]] * 3
    assert len(run.having(PENDING)) == 3  # nobody tolerates it
    assert run.ready() == 6
    run.at(21)
    assert run.taints(0) == []
    assert run.ready() == 9


def test_a_hog_can_be_read_by_models_of_memory():
    run = Run({"memoryHog": {"memory": "4Gi", "at": "10m", "for": "10m"}})
    assert run.at(12).world.kubelets.disorders.hogged == dict.fromkeys(range(3), 4 << 30)
    assert run.at(21).world.kubelets.disorders.hogged == {}


@pytest.mark.parametrize(("kind", "code"), [("containerCrash", 1), ("oomKill", 137)])
def test_containers_die_and_are_restarted(kind, code):
    run = Run({kind: {"at": "10m", "every": "20s", "count": 2}})
    run.at(10)
    assert run.moments(kind)[0][2] == 2
    run.at(12)
    assert sum(run.pods.restarts[pod] for pod in range(len(run.pods))) >= 4
    assert "CrashLoopBackOff" in run.pods.reasons.values()
    assert len(run.having(RUNNING)) == 6


def test_what_is_never_restarted_fails():
    run = Run({"oomKill": {"at": "10m", "count": 2}}, restart="Never")
    run.at(11)
    failed = run.having(FAILED)
    assert [run.pods.reasons[pod] for pod in failed] == ["OOMKilled"] * 2
    assert len(run.having(RUNNING)) == 6  # the Job replaces them


def test_a_registry_that_is_down_or_slow():
    down = Run({"imageRegistryOutage": {"at": "9m", "for": "5m"}}, late=10)
    down.at(13)
    assert [down.pods.reasons.get(pod) for pod in down.having(PENDING)] == ["ImagePullBackOff"] * 3
    assert down.ready() == 6
    assert down.at(25).ready() == 9


def test_a_registry_that_is_slow():
    pulls = []
    for faults in ([{"imageRegistrySlow": {"at": "9m", "for": "9m", "factor": 5}}], []):
        run = Run(*faults, late=10).at(30)
        late = run.having(RUNNING)[6:]
        assert len(late) == 3
        pulls.append(max(run.pods.image_pull_us[pod] for pod in late))
    assert pulls[0] > 2 * pulls[1] > 0


def test_nothing_is_scheduled_without_a_scheduler():
    run = Run({"schedulerCrash": {"at": "10m"}}, late=10.05)
    run.at(10.2)
    assert all(run.pods.node[pod] == NEVER for pod in run.having(PENDING))
    assert len(run.having(PENDING)) == 3
    run.at(11)
    bound = [run.pods.bound_us[pod] for pod in range(6, 9)]
    assert min(bound) >= 10 * MINUTE + 15 * SECOND
    assert max(bound) <= 10 * MINUTE + 18 * SECOND


def test_bindings_that_were_not_sent_are_forgotten():
    run = Run({"schedulerCrash": {"at": "10m"}}, replicas=1, nodes=20)
    world = run.at(9.99).world
    world.scheduler.client._bucket.reserve(world.clock.now_us, 130)  # nothing leaves for 0.6 s
    table = world.store.objects(DEPLOYMENTS)
    ((key, stored),) = table.items()
    changed = stored.value.respecified({**stored.value.spec, "replicas": 60})
    assert table.update(key, changed, stored.version)
    run.at(10.0001)
    assert len(world.scheduler.void) > 10
    run.at(10.1)
    unbound = [p for p in run.having(PENDING) if run.pods.node[p] == NEVER]
    assert len(unbound) > 10
    assert all(run.pods.charged[pod] == NEVER for pod in unbound)
    assert run.at(15).ready() == 60


def test_no_controller_acts_without_a_leader():
    run = Run({"controllerManagerCrash": {"at": "10m"}}, late=10.05)
    assert run.at(10.2).having(PENDING) == []
    assert len(run.at(12).having(RUNNING)) == 9


def test_a_reclaimed_machine_is_drained_gone_and_replaced():
    fault = {"at": "10m", "select": {"names": "n-0"}, "replacedAfter": "1m"}
    run = Run({"spotReclamation": fault})
    run.at(10.5)
    assert run.nodes.unschedulable[0]
    assert run.having(RUNNING, 0) == []
    assert run.at(11.9).world.machines.up(0)
    run.at(12.1)
    assert not run.world.machines.up(0)
    assert run.nodes.exists[0]
    run.at(14)
    assert not run.nodes.exists[0]
    assert run.nodes.specs[3].name == "n-0-r0"
    assert run.taints(3) == []
    assert run.ready() == 6


@pytest.mark.parametrize("failure", ["imagePull", "readiness", "crash"])
def test_a_bad_rollout_stands_still_and_is_rolled_back(failure):
    fault = {"deployment": "web", "at": "10m", "for": "20m", "failure": failure}
    run = Run({"badRollout": fault})
    run.at(29)
    status = next(iter(run.world.store.objects(DEPLOYMENTS).items()))[1].value.status
    assert status.updated > 0
    if failure == "crash":  # ready before they crash, which is all that a rollout waits for
        assert status.available < 5
    else:
        assert 5 <= status.available <= 6 < status.replicas
    run.at(45)
    status = next(iter(run.world.store.objects(DEPLOYMENTS).items()))[1].value.status
    assert (status.available, status.replicas, status.updated) == (6, 6, 6)


def test_an_image_alone_can_be_broken():
    run = Run({"badRollout": {"image": "late:1", "at": "5m", "for": "20m"}}, late=10)
    run.at(20)
    assert len(run.having(PENDING)) == 3
    assert run.at(40).ready() == 9


def test_racks_fail_as_one():
    run = Run({"rackOutage": {"rack": "a-1", "at": "10m", "for": "5m"}}, nodes=6)
    run.at(11)
    assert [run.world.machines.up(node) for node in range(6)] == [True, False, True] * 2


def test_a_machine_that_boots_behind_a_partition_starts_nothing():
    cut = {"networkPartition": {"select": {"names": "n-0"}, "at": "10m", "for": "4m"}}
    reboot = {"nodeCrash": {"select": {"names": "n-0"}, "at": "11m", "for": "1m"}}
    run = Run(cut, reboot)
    hit = run.at(10).having(RUNNING, 0)
    run.at(13.9)
    assert all(run.pods.started_us[pod] == NEVER for pod in hit)
    assert run.at(16).ready() == 6
    assert [run.pods.restarts[pod] for pod in hit] == [1] * len(hit)


def test_a_rollout_of_what_is_gone_is_a_fault_without_effect(tmp_path):
    from simk8s.report.panels.faults import Faults
    from simk8s.results.results import Results
    from simk8s.simulation.run import run_scenario

    scenario = {
        "apiVersion": "simk8s/v1",
        "name": "gone",
        "duration": "30m",
        "nodes": [{"name": "n", "capacity": {"cpu": "8", "memory": "16Gi"}, "count": 2}],
        "workload": [{"name": "web", "deployment": {"replicas": 2, "template": template()}}],
        "timeline": [{"at": "5m", "delete": "deployment/web"}],
        "faults": [{"badRollout": {"deployment": "web", "at": "10m", "every": "5m", "for": "1m"}}],
    }
    text = yaml.safe_dump(scenario, sort_keys=False)
    loaded = load(tmp_path / "gone.yaml", knowledge=machines(), text=text)
    outcome = run_scenario(loaded, out=tmp_path / "out")
    why = "there is no Deployment default/web"
    assert [one for one in outcome.manifest.warnings if why in one] == [
        f"faults: badRollout at 10m had no effect: {why}"
    ]
    results = Results.open(tmp_path / "out")
    details = results.faults.collect()["detail"].to_list()
    assert set(details) == {f"without effect: {why}"}
    note = Faults().render(results).note
    assert f"Without effect: bad rollout: default/web ({why})" in note
