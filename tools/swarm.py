"""Swarm tests: a seed makes a cluster, its workload and its faults; when the faults are over,
everything has to be well again.

    python -m tools.swarm --seeds 1000 --start 0

Law: a seed always makes the same scenario, and a failure prints the line that replays it. State is
recounted from scratch again and again while faults happen; once they have stopped, every pod that
should run is ready, no pod is lost from its controller, nothing is overcommitted, and no eviction
has broken a PodDisruptionBudget.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from simk8s.errors import InvariantError, UserError
from simk8s.kernel.phase import Phase as Order
from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.build import Options, World, build
from simk8s.state.audit import audit
from tools.swarm_checks import Watch, unwell

MINUTE_US = 60_000_000
HEALED_MIN, END_MIN, AUDITS = 40, 110, 12


def scenario_of(seed: int, tiny: bool = False) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The scenario of a seed, and its manifests."""
    draw = random.Random(seed)
    zones = ["a", "b", "c"][: draw.randint(1, 3)]
    nodes = draw.randint(3, 5 if tiny else 9)
    group = {
        "name": "n",
        "capacity": {"cpu": "4", "memory": "16Gi"},
        "count": nodes,
        "zones": zones,
        "racks": draw.randint(1, 2),
    }
    budget_milli = nodes * 4_000 * 4 // 10  # room for what is lost for a while
    objects, entries = _workload(draw, budget_milli)
    most = 4 if tiny else 6
    faults = [_FAULTS[draw.choice(list(_FAULTS))](draw) for _ in range(draw.randint(1, most))]
    faults = [_possible(draw, fault, objects) for fault in faults]
    scenario = {
        "apiVersion": "simk8s/v1",
        "name": f"swarm-{seed}",
        "seed": seed,
        "duration": f"{END_MIN}m",
        "nodes": [group],
        "workload": [*entries, {"name": "own", "manifests": ["objects.yaml"]}],
        "faults": faults,
        "controlPlane": {"profile": draw.choice(["instant", "small", "small", "managed-eks-like"])},
    }
    return scenario, objects


# --- what runs


def _template(draw: random.Random, app: str, milli: int, **spec: Any) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "main",
        "image": f"{draw.choice(['web', 'db', 'tool'])}:{draw.randint(1, 2)}",
        "resources": {"requests": {"cpu": f"{milli}m", "memory": "128Mi"}},
    }
    if draw.random() < 0.3:
        container["readinessProbe"] = {"httpGet": {"port": 80}, "periodSeconds": 5}
    if draw.random() < 0.2:
        container["livenessProbe"] = {"httpGet": {"port": 80}, "periodSeconds": 5}
    grace = draw.choice([5, 30])
    return {
        "metadata": {"labels": {"app": app}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": grace, **spec},
    }


def _workload(draw: random.Random, left_milli: int) -> tuple[list[Any], list[Any]]:
    """Objects for manifests, and entries of the scenario."""
    objects: list[Any] = []
    daemon = {"selector": {"matchLabels": {"app": "d0"}}, "template": _template(draw, "d0", 50)}
    if draw.random() < 0.5:
        objects.append(_object("apps/v1", "DaemonSet", "d0", daemon))
    for number in range(draw.randint(1, 4)):
        kind = draw.choice(["Deployment", "Deployment", "StatefulSet", "Job"])
        milli, name = draw.choice([50, 100, 250]), f"{kind[0].lower()}{number}"
        replicas = max(1, min(draw.randint(1, 8), left_milli // (2 * milli)))
        left_milli -= replicas * milli
        objects += _owner(draw, kind, name, replicas, _template(draw, name, milli))
    entries = []
    if draw.random() < 0.3:
        arrivals = {"poisson": {"rate": "1/min"}}
        template = _template(draw, "batch", 50)
        made = {"name": "batch", "arrivals": arrivals, "lifetime": "90s", "template": template}
        entries.append(made)
    return objects, entries


def _owner(
    draw: random.Random, kind: str, name: str, replicas: int, template: dict[str, Any]
) -> Iterator[Any]:
    if kind == "Job":
        template["spec"]["restartPolicy"] = draw.choice(["Never", "OnFailure"])
        template["metadata"]["annotations"] = {"simk8s.io/run-seconds": str(draw.randint(20, 300))}
        spec = {"completions": replicas, "parallelism": draw.randint(1, 4), "template": template}
        yield _object("batch/v1", kind, name, {**spec, "backoffLimit": 50})
        return
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    if kind == "StatefulSet" and draw.random() < 0.5:
        spec["podManagementPolicy"] = "Parallel"
    yield _object("apps/v1", kind, name, spec)
    if draw.random() < 0.6:
        bound = draw.choice([{"maxUnavailable": 1}, {"minAvailable": "50%"}])
        selector = {"matchLabels": {"app": name}}
        yield _object("policy/v1", "PodDisruptionBudget", name, {"selector": selector, **bound})


def _object(version: str, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


# --- what goes wrong

Draw = random.Random


def _when(draw: Draw, longest_min: int = 12) -> dict[str, Any]:
    return {"at": f"{draw.randint(2, 25)}m", "for": f"{draw.randint(5, longest_min * 60)}s"}


def _nodes(draw: Draw, longest_min: int = 12) -> dict[str, Any]:
    by = draw.choice(["node", "node", "node", "rack", "zone"])
    chosen: dict[str, Any] = {**_when(draw, longest_min), "correlatedBy": by, "count": 1}
    if draw.random() < 0.2:
        chosen["count"] = draw.randint(1, 3)
    return chosen


def _instants(draw: Draw) -> dict[str, Any]:
    return {"at": f"{draw.randint(2, 35)}m"}


Maker = Callable[[Draw], dict[str, Any]]
_FAULTS: dict[str, Maker] = {
    "crash": lambda d: {"nodeCrash": _nodes(d)},
    "reboot": lambda d: {"nodeReboot": _nodes(d, 2)},
    "zone": lambda d: {"zoneOutage": {"zone": "a", **_when(d)}},
    "rack": lambda d: {"rackOutage": {"count": 1, **_when(d)}},
    "partition": lambda d: {"networkPartition": _nodes(d)},
    "hang": lambda d: {"kubeletHang": _nodes(d)},
    "slow": lambda d: {"slowNode": {**_nodes(d), "factor": d.choice([2, 10])}},
    "flap": lambda d: {"flappingNode": {**_nodes(d), "down": "70s", "up": d.choice(["5s", "40s"])}},
    "disk": lambda d: {"diskFull": _nodes(d)},
    "memory": lambda d: {"memoryHog": {**_nodes(d), "memory": "4Gi"}},
    "crashes": lambda d: {"containerCrash": {**_instants(d), "count": d.randint(1, 5)}},
    "oom": lambda d: {"oomKill": {**_instants(d), "share": 0.3}},
    "registry": lambda d: {"imageRegistryOutage": _when(d)},
    "pulls": lambda d: {"imageRegistrySlow": {**_when(d), "factor": 10}},
    "api": lambda d: {"apiServerOutage": _when(d, 3)},
    "load": lambda d: {"apiServerOverload": {**_when(d, 5), "rate": "100/s", "kind": "LIST pods"}},
    "disk-etcd": lambda d: {"etcdSlowDisk": {**_when(d, 5), "factor": 50}},
    "leader": lambda d: {"etcdLeaderLoss": _instants(d)},
    "scheduler": lambda d: {"schedulerCrash": _instants(d)},
    "manager": lambda d: {"controllerManagerCrash": _instants(d)},
    "spot": lambda d: {
        "spotReclamation": {
            "at": f"{d.randint(2, 25)}m",
            "count": d.randint(1, 2),
            "notice": d.choice(["30s", "120s"]),
            "replacedAfter": "90s",
        }
    },
    "cloud": lambda d: {
        "cloudThrottling": {
            **_when(d, 15),
            **d.choice([{"factor": 0.01}, {"errorShare": 0.7}, {"rate": "2/min"}]),
        }
    },
    "rollout": lambda d: {
        "badRollout": {
            **_when(d),
            "deployment": f"d{d.randint(0, 3)}",
            "failure": d.choice(["imagePull", "readiness", "crash"]),
        }
    },
}


def _possible(draw: Draw, fault: dict[str, Any], objects: list[Any]) -> dict[str, Any]:
    """A rollout is one of a Deployment that there is; without any, an image breaks."""
    rollout = fault.get("badRollout")
    if rollout is None:
        return fault
    names = [one["metadata"]["name"] for one in objects if one["kind"] == "Deployment"]
    if not names:
        when = {key: rollout[key] for key in ("at", "for")}
        return {"badRollout": {**when, "image": "web:1"}}
    chosen = rollout["deployment"] if rollout["deployment"] in names else draw.choice(names)
    return {"badRollout": {**rollout, "deployment": chosen}}


# --- one of them


def check(seed: int, tiny: bool = False) -> list[str]:
    """What is wrong after the run of a seed; nothing, if all is well."""
    try:
        world, watch = run(seed, tiny)
        return [*watch.broken, *unwell(world)]
    except (InvariantError, AssertionError, KeyError, ValueError, UserError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        words = getattr(error, "problems", None) or error
        return [f"{type(error).__name__}: {words} ({last.name}, {last.filename}:{last.lineno})"]


def run(seed: int, tiny: bool = False) -> tuple[World, Watch]:
    """The world of a seed at its end, audited along the way."""
    scenario, objects = scenario_of(seed, tiny)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "objects.yaml").write_text(yaml.safe_dump_all(objects), encoding="utf-8")
        text = yaml.safe_dump(scenario, sort_keys=False)
        loaded = load(base / "swarm.yaml", knowledge=machines(), text=text)
        end_us = END_MIN * MINUTE_US
        world = build(loaded, seed=seed, horizon_us=end_us, options=Options())
        for source in world.feeders:  # arrivals stop with the faults
            source.start(HEALED_MIN * MINUTE_US)
        world.feeders.clear()
        watch = Watch(world)
        lane = world.clock.lane("audit", Order.SAMPLE, lambda _, due: audit(world.cluster))
        for step in range(1, AUDITS):
            lane.at(HEALED_MIN * MINUTE_US * step // AUDITS, None)
        world.start()
        world.clock.run(end_us)
        audit(world.cluster)
    return world, watch


def main(argv: list[str] | None = None) -> int:
    """Run seeds; exit 1 if one of them fails."""
    parser = argparse.ArgumentParser(prog="python -m tools.swarm", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--show", action="store_true", help="print the scenarios as well")
    parser.add_argument("--tiny", action="store_true", help="small clusters, as in the tests")
    chosen = parser.parse_args(argv)
    began, failed = time.monotonic(), 0
    for seed in range(chosen.start, chosen.start + chosen.seeds):
        if chosen.show:
            scenario, objects = scenario_of(seed, chosen.tiny)
            sys.stdout.write(yaml.safe_dump_all([scenario, *objects], sort_keys=False))
        found = check(seed, chosen.tiny)
        if found:
            failed += 1
            _say(
                f"seed {seed}: replay with {replay(seed, chosen.tiny)}",
                *(f"  {line}" for line in found[:8]),
            )
    _say(f"{chosen.seeds} seeds, {failed} failed, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def replay(seed: int, tiny: bool = False) -> str:
    """The command that does it again."""
    return f"python -m tools.swarm --seeds 1 --start {seed}" + " --tiny" * tiny


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
