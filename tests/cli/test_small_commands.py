"""`new`, `schema`, `render` and `import`: what they write and where they refuse."""

from __future__ import annotations

import json
import shutil

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
