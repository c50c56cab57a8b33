"""`new`, `schema`, `render` and `import`: what they write and where they refuse."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.dump import Dump, template_of

OPENB_NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,32000,262144,0,\nn1,64000,262144,2,P100\n"
OPENB_PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
    "deletion_time,scheduled_time\np0,1000,1024,1,500,,LS,Running,0,100,1\n"
)


def test_new_writes_a_scenario_once(simk8s, here):
    assert simk8s("new", "rush-hour").code == 0
    assert "name: rush-hour" in (here / "rush-hour.yaml").read_text()
    again = simk8s("new", "rush-hour")
    assert (again.code, "E402" in again.err) == (2, True)
    assert simk8s("new", "rush-hour", "--force").code == 0
    assert simk8s("new", "sub/deep.yaml").code == 0
    assert "name: deep" in (here / "sub/deep.yaml").read_text()
    assert simk8s("new", "Bad Name").code == 2


def test_schema_prints_json_with_all_extensions(simk8s):
    schema = json.loads(simk8s("schema").out)
    assert "m5.4xlarge" in schema["$defs"]["NodeGroup"]["properties"]["profile"]["enum"]
    assert "kube_scheduler" in schema["properties"]["strategy"]["anyOf"][0]["enum"]


def test_render_says_which_thresholds_are_missed(simk8s, straw, here, small_folder):
    shutil.copytree(small_folder, here / "run")
    path = here / "run" / "manifest.json"
    text = "thresholds: [pods_created > 1k, pods_created > 1]"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"scenario_text": text}))
    result = simk8s("render", "run")
    assert (result.code, result.out) == (0, "run/report.html\n")
    assert result.err.startswith("MISSED pods_created > 1k: 400 (margin −600)\nmet ")


def test_render_draws_a_run_or_a_comparison(simk8s, straw, here, small_folder, comparison_folder):
    shutil.copytree(small_folder, here / "run")
    shutil.copytree(comparison_folder, here / "both")
    assert simk8s("render", "run").out == "run/report.html\n"
    assert simk8s("render", "both").out == "both/report.html\n"


def test_import_openb_writes_a_scenario_that_validates(simk8s, here):
    (here / "nodes.csv").write_text(OPENB_NODES)
    (here / "pods.csv").write_text(OPENB_PODS)
    words = ["import", "openb", "--nodes", "nodes.csv", "--pods", "pods.csv", "-o", "trace.yaml"]
    assert simk8s(*words).code == 0
    text = (here / "trace.yaml").read_text()
    assert "mode: pack" in text
    assert "shuffle" not in text
    assert simk8s("validate", "trace.yaml").code == 0
    simk8s(*words, "--seed", "4", "--gpu-nodes-only")
    text = (here / "trace.yaml").read_text()
    assert ("shuffle: true" in text, "only: gpu" in text, "seed: 4" in text) == (True, True, True)
    simk8s(*words, "--mode", "replay", "--compress", "100")
    assert "compress: 100" in (here / "trace.yaml").read_text()


def test_import_says_what_is_wrong_with_a_file(simk8s, here):
    (here / "nodes.csv").write_text(OPENB_NODES)
    words = ["import", "openb", "--nodes", "nodes.csv", "--pods", "absent.csv", "-o", "trace.yaml"]
    result = simk8s(*words)
    assert (result.code, "E303" in result.err) == (2, True)
    assert not (here / "trace.yaml").exists()


def test_a_cluster_is_imported_and_runs(simk8s, here):
    dump = Dump()
    dump.node("n-0")
    dump.deployment("web", ["n-0", "n-0"])
    dump.pod("done", template_of("done"), node="n-0", phase="Succeeded")
    (here / "dumps").mkdir()
    (here / "dumps" / "all.json").write_text(dump.text(), "utf-8")
    made = simk8s("import", "cluster", "dumps/all.json", "-o", "today.yaml")
    assert made.code == 0, made.err
    assert "today.yaml written: 1 node, 2 pods running, 1 pod left out (ended)" in made.out
    assert simk8s("validate", "today.yaml").out == "today.yaml: ok\n"
    ran = simk8s("run", "today.yaml", "--until", "1m", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["kpis"]["pods_running"] == 2


def test_a_dump_without_nodes_is_refused(simk8s, here):
    dump = Dump()
    dump.pod("a", template_of("a"))
    (here / "pods.json").write_text(dump.text(), "utf-8")
    made = simk8s("import", "cluster", "pods.json", "-o", "today.yaml")
    assert made.code == 2
    assert "no Node" in made.err
    assert not (here / "today.yaml").exists()


ODD = """\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {activeDeadlineSeconds: 5, containers: [{name: c, command: [x]}]}
"""


@pytest.mark.parametrize("command", ["validate", "run", "compare", "import"])
def test_strict_makes_what_is_not_modelled_an_error(simk8s, here, command):
    (here / "pod.yaml").write_text(ODD)
    text = (here / "tiny.yaml").read_text()
    (here / "odd.yaml").write_text(
        text[: text.index("workload")] + "workload: [{manifests: [pod.yaml]}]\n"
    )
    dump = Dump()
    dump.node("n")
    (here / "dump.json").write_text(dump.text())
    words = {
        "validate": ["validate", "odd.yaml"],
        "run": ["run", "odd.yaml", "--until", "1s"],
        "compare": ["compare", "odd.yaml", "--strategies", "first_fit,best_fit", "--until", "1s"],
        "import": ["import", "cluster", "dump.json", "pod.yaml", "-o", "x.yaml"],
    }[command]
    told = simk8s(*words, "--strict")
    assert told.code == 2
    assert "pod.yaml:4:8: W105 spec.activeDeadlineSeconds has no effect" in told.err
    if command in ("validate", "import"):
        mild = simk8s(*words)
        assert mild.code == 0
        assert "W105" in mild.err
        assert "note: without bearing on a simulation" in mild.err
        assert "Container.command" in mild.err
