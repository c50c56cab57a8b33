"""Gaps of solves over deterministic time, by hand."""

from __future__ import annotations

import numpy as np

from simk8s.record.recorder import Recorder, write_manifest
from simk8s.results.curves import PLACING, THEN, curves, kinds
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest


def results(folder, *points):
    recorder = Recorder()
    for point in points:
        recorder.solve_curve.append(point)
    recorder.seal(folder)
    manifest = Manifest(version="0", scenario="s", seed=1, duration_us=1, simulated_us=1)
    write_manifest(folder, manifest)
    return Results.open(folder)


def test_two_solves(tmp_path):
    found = results(
        tmp_path,
        (0, "placed_0", 0.0, 8.0, 10.0),
        (0, "placed_0", 0.1, 10.0, 10.0),
        (1, "placed_0", 0.0, 5.0, 10.0),
        (1, "placed_0", 0.2, 9.0, 10.0),
        (2, "placed_0", 0.0, 3.0, 3.0),
        (2, "nodes_in_use", 0.0, 4.0, 4.0),
    )
    assert kinds(found) == (PLACING, THEN)
    assert curves([found], THEN) is None, "it met its bound at once"
    curve = curves([found], PLACING)
    assert (curve.solves, curve.worst_solve) == (2, 1)
    at = np.searchsorted(curve.time, [0.0, 0.15, 0.2])
    np.testing.assert_allclose(curve.median[at], [0.35, 0.25, 0.05])
    np.testing.assert_allclose(curve.worst[at], [0.5, 0.5, 0.1])
    assert curve.time[0] == 0.0
    assert curve.time[-1] == 0.2


def test_stages_of_a_kind_count_together_and_before_they_begin(tmp_path):
    found = results(
        tmp_path,
        (0, "placed_9", 0.0, 4.0, 5.0),
        (0, "placed_9", 0.1, 5.0, 5.0),
        (0, "placed_0", 0.1, 3.0, 5.0),
        (0, "placed_0", 0.4, 5.0, 5.0),
    )
    curve = curves([found], PLACING)
    at = np.searchsorted(curve.time, [0.0, 0.1, 0.4])
    np.testing.assert_allclose(curve.median[at], [0.3, 0.2, 0.0])


def test_nothing_without_a_solver(tmp_path):
    found = results(tmp_path)
    assert kinds(found) == ()
    assert curves([found], PLACING) is None
