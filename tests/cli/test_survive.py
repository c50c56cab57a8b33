"""`simk8s survive`: words, JSON, exit codes."""

from __future__ import annotations

import json


def test_it_fits_or_it_does_not(simk8s, here):
    fits = simk8s("survive", "tiny.yaml", "--moments", "1", "--set", "duration=1m")
    assert fits.code == 0, fits.err
    assert "Everything fits after each of 2 losses." in fits.out
    assert "pods without an owner would not come back" in fits.out
    pod = '{containers: [{name: c, resources: {requests: {cpu: "2"}}}]}'
    more = f"{{replicas: 14, template: {{spec: {pod}}}}}"
    path = here / "more.yaml"
    text = (here / "tiny.yaml").read_text()
    path.write_text(text.replace("strategy:", f"  - {{name: db, replicaSet: {more}}}\nstrategy:"))
    bad = simk8s("survive", path, "--lose", "node:1", "--moments", "1", "--set", "duration=1m")
    assert bad.code == 1, bad.err
    assert "2 of 2 losses leave pods without a node." in bad.out
    assert "ReplicaSet/db: 7 of 7 displaced pods" in bad.out
    listed = simk8s("survive", path, "--json", "--moments", "1", "--set", "duration=1m")
    assert {line["loss"] for line in json.loads(listed.out)} == {"zone a", "zone b"}


def test_nothing_to_lose_is_exit_2(simk8s, here):
    bad = simk8s("survive", "tiny.yaml", "--lose", "rack", "--set", "duration=1m")
    assert (bad.code, "lose zone, rack" in bad.err) == (2, True)
