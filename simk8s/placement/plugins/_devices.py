"""What scores that look at single GPU devices share: states of nodes as arrays.

A *state* is a node as it is, or as it would be with the pod on it. `after` lists, for every row,
the ways in which the pod could get its devices that differ in what they leave.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows
from simk8s.placement.view import View
from simk8s.state.resources import CPU

Ints = NDArray[np.int64]
WHOLE = 1000


class States(NamedTuple):
    """Free CPU `[S]`, what each device has left `[K, S]`, the model's number `[S]`."""

    cpu: Ints
    left: Ints
    model: NDArray[Any]


class Options(NamedTuple):
    """States after the placement; `place[s]` is the position in `rows` that state s belongs to,
    `device[s]` the device of a shared GPU, −1 where whole devices or none are taken.
    """

    states: States
    place: NDArray[np.intp]
    device: NDArray[np.intp]


def before(view: View, rows: Rows) -> States:
    """The nodes as they are."""
    nodes = view.nodes
    return States(nodes.free[CPU][rows], nodes.gpu_free[:, rows], nodes.gpu_model[rows])


def after(query: Query, now: States) -> Options:
    """The nodes with the pod: one state a row, or one for each distinct device that could be
    shared; none for rows whose CPU or devices do not hold it.
    """
    gpu, asked = query.requests.gpu, query.requests.values[CPU]
    open_ = (now.left >= gpu.milli) & (now.cpu >= asked)
    if gpu.count == 1 and gpu.milli < WHOLE:
        return _shared(gpu.milli, asked, now, open_)
    fits = open_.sum(axis=0) >= gpu.count if gpu.count else now.cpu >= asked
    places = fits.nonzero()[0]
    left = now.left[:, places]
    if gpu.count:
        usable = open_[:, places]
        left -= gpu.milli * (usable & (np.cumsum(usable, axis=0) <= gpu.count))
    states = States(now.cpu[places] - asked, left, now.model[places])
    return Options(states, places, np.full(len(places), -1, np.intp))


def _shared(milli: int, asked: int, now: States, open_: NDArray[np.bool_]) -> Options:
    left = now.left
    for device in range(1, len(left)):
        # A device that has as much left as an earlier one makes no difference.
        open_[device] &= (left[:device] != left[device]).all(axis=0)
    places, devices = open_.T.nonzero()
    chosen = left[:, places]
    chosen[devices, np.arange(len(places))] -= milli
    return Options(States(now.cpu[places] - asked, chosen, now.model[places]), places, devices)


def best_per_row(values: NDArray[Any], options: Options, count: int, floor: int) -> NDArray[Any]:
    """The best of each row's options; `floor` where it has none."""
    best = np.full(count, floor, values.dtype)
    np.maximum.at(best, options.place, values)
    return best
