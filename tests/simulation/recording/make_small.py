"""Writes `small.jsonl.gz`: a recording of our own, made by the simulator, in the format of the real
ones: `python -m tests.simulation.recording.make_small`.

It keeps the command under test in a checkout without ../shared. It is no evidence of how Kubernetes
behaves; the recordings are.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from simk8s.simulation.recording.replay import replay

SMALL = Path(__file__).with_name("small.jsonl.gz")
START = 1_795_406_763_929.0
"""Unix ms of the first action."""
APPS, BATCH, CORE = "/apis/apps/v1", "/apis/batch/v1", "/api/v1"
CONTAINER = {"name": "c", "image": "img:1", "resources": {"requests": {"cpu": "500m"}}}


def node(name, cpu="8"):
    """A node as the recorder writes it."""
    offered = {"cpu": cpu, "memory": "32Gi", "pods": "110"}
    return {
        "metadata": {"name": name, "labels": {}},
        "spec": {},
        "status": {"allocatable": offered},
    }


def header():
    """What a recording begins with."""
    return {
        "experiment": "small",
        "what": "a Deployment rolled out and scaled, a Job, bare pods, a node added",
        "flags": {
            "kcm": ["kube-controller-manager", "--kube-api-qps=10", "--kube-api-burst=12"],
            "apiserver": ["kube-apiserver", "--max-mutating-requests-inflight=100"],
        },
        "scheduler_config": {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": "x", "qps": 50, "burst": 100},
        },
        "fake_kubelet": {"start_delay_s": 0.5, "delete_delay_s": 0.2},
        "n_nodes": 4,
    }


def mark(seconds, **what):
    """A mark so long after the first action."""
    t = START + 1000 * seconds
    return {"t": t + 6, "k": "mark", "type": "MARK", "o": {**what, "sent": t, "returned": t + 5}}


def asked(seconds, verb, path, body):
    """A request of the driver."""
    return mark(seconds, request=verb, path=path, body=body)


def template(image="img:1", **annotations):
    """A pod template."""
    meta = {"labels": {"app": "web"}, "annotations": annotations}
    return {"metadata": meta, "spec": {"containers": [{**CONTAINER, "image": image}]}}


def marks():
    """What the driver does."""
    web = f"{APPS}/namespaces/default/deployments"
    posted = {"metadata": {"name": "web"}, "spec": {"replicas": 30, "template": template()}}
    job_template = template(**{"kcp/run-seconds": "3"})
    job_template["spec"]["restartPolicy"] = "Never"
    failing = template(**{"kcp/run-seconds": "1", "kcp/exit-code": "1"})
    failing["spec"]["restartPolicy"] = "Never"
    jobs = f"{BATCH}/namespaces/default/jobs"
    bare = {"metadata": {"name": "low00"}, "spec": {"containers": [CONTAINER]}}
    return [
        asked(0, "POST", web, posted),
        asked(10, "PATCH", f"{web}/web", {"spec": {"template": template("img:2")}}),
        mark(29, done="rolled"),
        asked(30, "PATCH", f"{web}/web/scale", {"spec": {"replicas": 6}}),
        asked(40, "POST", jobs, {"metadata": {"name": "ok"}, "spec": {
            "completions": 6, "parallelism": 3, "template": job_template}}),
        asked(60, "POST", jobs, {"metadata": {"name": "bad"}, "spec": {
            "backoffLimit": 1, "template": failing}}),
        asked(90, "POST", f"{CORE}/namespaces/default/pods", bare),
        mark(91, adding_nodes=[node("x000")]),
        asked(95, "DELETE", f"{CORE}/namespaces/default/pods/low00", None),
    ]  # fmt: skip


def written(path):
    """The actions alone as a file, as if nothing had been seen."""
    nodes = [
        {"t": START - 5, "k": "nodes", "type": "INITIAL", "o": node(f"n{number:03d}")}
        for number in range(4)
    ]
    lines = [header(), *nodes, *marks(), mark(100, done="end")]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def make():
    """Run the actions and keep what is seen."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "actions.jsonl"
        written(path)
        return replay(path, write=True).lines


if __name__ == "__main__":
    text = "".join(json.dumps(line) + "\n" for line in make())
    SMALL.write_bytes(gzip.compress(text.encode(), mtime=0))
