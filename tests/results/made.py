"""Small runs written by hand."""

from __future__ import annotations

import numpy as np

from simk8s.record.recorder import Recorder, write_manifest
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest
from simk8s.schema.tables import PODS

S = 1_000_000


def pod(row, **times):
    blank = {
        "int64": 0, "int32": 0, "str": "", "bool": False, "enum": "running",
    }  # fmt: skip
    known = {c.name: None if c.nullable else blank[c.dtype] for c in PODS.columns}
    return tuple((known | {"pod": row} | times).values())


def results(folder, *pods, requests=(), attempts=(), text=""):
    recorder = Recorder()
    for row in pods:
        recorder.pods.append(row)
    for row in requests:
        recorder.api_requests.append(row)
    for row, outcome in attempts:
        reason = None if outcome == "bound" else 0
        recorder.decisions.append((0, row, 1, "x", outcome, None, 0, None, 0, 0, reason, 0))
    recorder.seal(folder)
    write_manifest(
        folder,
        Manifest(
            version="0", scenario="s", seed=1, duration_us=S, simulated_us=S, scenario_text=text
        ),
    )
    return Results.open(folder)


def whole(row, start, *steps):
    """A pod whose stages take these times."""
    names = ("created_us", "scheduled_us", "bound_us", "seen_us", "pulled_us", "started_us",
             "running_us", "ready_us")  # fmt: skip
    at = np.cumsum([start, *steps]).tolist()
    return pod(row, **dict(zip(names, at, strict=False)))


def window(requests, p50, p90, p99, most, client="c", start=0, verb="POST", resource="pods"):
    return (client, verb, resource, start, requests, 0, 0, 0, 1.0, p50, p90, p99, most, 0)
