"""What every fault model keeps: `check_fault(MyFault, {"mtbf": "1h"})`.

For a file of your own: `SIMK8S_FAULT=./my.py pytest tests/faults/test_conformance.py`. The
docstring of its `Params` starts with an example in backticks, as it is written in a scenario
(`` `myFault: {every: 1h}` ``), and that is what is run; a file without `Params` needs none. The
cluster of the check has nodes in zones a, b and c and in four racks, half of them labelled
`pool: spot`, of two instance types.
"""

from __future__ import annotations

import re

import numpy as np
import yaml

from simk8s import catalog
from simk8s.faults.base import Context, Effect, Fault, NodeInfo
from simk8s.schema.labels import INSTANCE_LABEL, RACK_LABEL
from simk8s.units import US_PER_DAY

HORIZON_US = 60 * US_PER_DAY


def _node(row):
    labels = {
        "pool": "spot" if row % 2 else "web",
        RACK_LABEL: f"r{row % 4}",
        INSTANCE_LABEL: "large" if row % 5 else "small",
    }
    return NodeInfo(row, f"node-{row}", "abc"[row % 3], labels)


def nodes(count):
    """Nodes of the check."""
    return [_node(row) for row in range(count)]


def example(params_model):
    """The example in a `Params` docstring, as its section."""
    found = re.match(r"`([\w./]+): ({.*?})`", params_model.__doc__ or "")
    return yaml.safe_load(found[2]) if found else {}


def resolve(name):
    """A class and its example, by name or path."""
    model = catalog.params_of("faults", name)
    return catalog.resolve("faults", name), model.model_validate(example(model))


def timeline(made, params, *, count=30, horizon_us=HORIZON_US, seed=7):
    """The faults of a fresh model on a fresh stream."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    return list(made(params).timeline(Context(nodes(count), generator, horizon_us)))


def check_fault(made, params):
    """Raise AssertionError, with words, for the first rule that is broken."""
    found = timeline(made, params)
    assert found, "the example makes no fault in 60 days on 30 nodes"
    _check_shape(made, found)
    assert timeline(made, params) == found, "the same stream gave another timeline"
    short = timeline(made, params, horizon_us=HORIZON_US // 2)
    assert short == [f for f in found if f.at_us <= HORIZON_US // 2], (
        "a shorter horizon is more than a cut"
    )
    assert timeline(made, params, horizon_us=0) == [f for f in found if f.at_us == 0]
    nowhere = timeline(made, params, count=0)
    assert nowhere == [f for f in found if not f.rows], "faults without nodes"
    state = np.random.get_state()[1].tolist()
    timeline(made, params)
    assert np.random.get_state()[1].tolist() == state, "it draws from the global generator"


def _check_shape(made, found):
    assert isinstance(made.kind, str), "kind is missing"
    assert made.kind, "kind is empty"
    last_us = 0
    for fault in found:
        assert isinstance(fault, Fault)
        assert type(fault.at_us) is int, "times are Python integers, in microseconds"
        assert last_us <= fault.at_us <= HORIZON_US, f"out of order or beyond the end: {fault}"
        assert fault.duration_us is None or type(fault.duration_us) is int
        assert fault.duration_us is None or fault.duration_us > 0, f"no duration: {fault}"
        assert fault.rows or fault.effect is not None, f"hits nothing: {fault}"
        assert isinstance(fault.effect, Effect | None), f"nobody knows this effect: {fault}"
        assert fault.effect is None or hash(fault.effect) == hash(fault.effect), "effects are data"
        assert len(set(fault.rows)) == len(fault.rows), f"hits a node twice: {fault}"
        assert set(fault.rows) <= set(range(30)), f"hits unknown nodes: {fault}"
        assert fault.kind == made.kind
        assert fault.target, "a target is what the report shows"
        last_us = fault.at_us
