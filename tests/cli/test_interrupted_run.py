"""Ctrl-C in the middle of a real run: tables sealed, manifest and page say so, exit 130."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TEXT = """\
apiVersion: simk8s/v1
name: long
duration: 300d
nodes: [{profile: m5.4xlarge, count: 50}]
workload:
  - name: web
    arrivals: {poisson: {rate: 20/min}}
    lifetime: 30s
    template: {spec: {containers: [{name: web, resources: {requests: {cpu: 500m}}}]}}
"""
ROOT = Path(__file__).parents[2]


def _start(folder, *words):
    (folder / "long.yaml").write_text(TEXT)
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from simk8s.cli.main import run; print('up', flush=True); run()",
            *words,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_what_was_simulated_is_kept(tmp_path):
    process = _start(tmp_path, "run", "long.yaml", "--out", "out")
    process.stdout.readline()
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted" in err
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert (manifest["interrupted"], manifest["stop_reason"]) == (True, "interrupted")
    assert 0 <= manifest["simulated_us"] < manifest["duration_us"]
    assert (tmp_path / "out/pods.parquet").stat().st_size > 0
    assert "nterrupted" in (tmp_path / "out/report.html").read_text()
    assert "page: out/report.html" in out


def test_at_once_is_quiet_too(tmp_path):
    process = _start(tmp_path, "run", "long.yaml")
    process.stdout.readline()
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
