"""What requests cost kube-apiserver: processor time, and the bytes that etcd has to keep.

Law: a cost belongs to a request kind and is data; what has no row of its own costs what its verb
costs. Draws come from a stream named after the kind, so a new kind leaves the others' draws as
they were.

Mirrors: seats of a LIST in kube-apiserver v1.36 (one for every 100 kB, at most 10 from the watch
cache). Every processor time and object size here is UNVERIFIED: chosen so that an unloaded
mutating call takes 4–10 ms and a GET 1–3 ms, and that create to bind takes what the recordings of
a real control plane show (p50 6 ms, p90 13 ms). Departs: a request does all its computing before
etcd, in one piece.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from simk8s.api.requests import RequestKind
from simk8s.kernel.percentiles import lognormal, rounded

_BATCH = 1_024
BYTES_PER_SEAT = 100_000
CACHED_LIST_SEATS = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time by median and 99th percentile, and the object's size.

    A LIST has both for every object in the answer, on top of its own.
    """

    p50_us: int
    p99_us: int
    object_bytes: int = 0
    per_object_us: int = 0

    def scaled(self, factor: float) -> Cost:
        """The same on a machine that takes `factor` times as long."""
        times = (self.p50_us, self.p99_us, self.per_object_us)
        p50_us, p99_us, per_object_us = (round(each * factor) for each in times)
        return Cost(p50_us, p99_us, self.object_bytes, per_object_us)


# UNVERIFIED, all of it; see the module.
TABLE: Mapping[tuple[str, str], Cost] = {
    ("POST", "pods"): Cost(2_200, 14_000, 3_000),
    ("POST", "pods/binding"): Cost(2_200, 14_000, 3_200),
    ("POST", "pods/eviction"): Cost(2_400, 14_000, 3_200),
    ("PATCH", "pods/status"): Cost(1_900, 11_000, 4_500),
    ("PATCH", "pods"): Cost(1_700, 8_000, 4_500),
    ("DELETE", "pods"): Cost(1_500, 7_000, 4_500),
    ("GET", "pods"): Cost(400, 1_500, 4_500),
    ("LIST", "pods"): Cost(800, 4_000, 4_500, 15),
    ("POST", "events"): Cost(900, 4_000, 900),
    ("PATCH", "events"): Cost(900, 4_000, 900),
    # Signs a token and stores nothing.
    ("POST", "serviceaccounts/token"): Cost(1_500, 6_000, 0),
    ("PUT", "leases"): Cost(700, 3_000, 400),
    ("GET", "leases"): Cost(300, 1_200, 400),
    ("PATCH", "nodes/status"): Cost(2_200, 9_000, 10_000),
    ("PATCH", "nodes"): Cost(1_800, 8_000, 10_000),
    ("GET", "nodes"): Cost(400, 1_800, 10_000),
    ("LIST", "nodes"): Cost(800, 4_000, 10_000, 30),
    ("PUT", "endpointslices"): Cost(1_700, 8_000, 12_000),
}
BY_VERB: Mapping[str, Cost] = {
    "GET": Cost(400, 1_500, 2_000),
    "LIST": Cost(800, 4_000, 2_000, 10),
    "WATCH": Cost(400, 1_500, 0),
    "POST": Cost(1_500, 7_000, 2_000),
    "PUT": Cost(1_400, 6_500, 2_000),
    "PATCH": Cost(1_500, 7_000, 2_000),
    "DELETE": Cost(1_300, 6_000, 2_000),
}


def cost_of(kind: RequestKind) -> Cost:
    """The row of a kind, or of its verb."""
    found = TABLE.get((kind.verb, kind.resource))
    return BY_VERB[kind.verb] if found is None else found


def list_seats(objects: int, object_bytes: int) -> int:
    """Seats of a LIST that the watch cache answers, before the level's own cap."""
    return max(1, min(CACHED_LIST_SEATS, -(-objects * object_bytes // BYTES_PER_SEAT)))


def spread_us(generator: Generator, p50_us: int, p99_us: int, n: int) -> NDArray[np.int64]:
    """Log-normal durations by median and 99th percentile; equal ones are a constant."""
    if p50_us == p99_us or not p50_us:
        return np.full(n, p50_us, np.int64)
    mu, sigma = lognormal((0.5, p50_us), (0.99, p99_us))
    return generator.lognormal(mu, sigma, n).astype(np.int64)


def demands(generator: Generator, cost: Cost) -> Iterator[int]:
    """Endless draws of processor time in µs, in batches."""
    while True:
        yield from spread_us(generator, cost.p50_us, cost.p99_us, _BATCH).tolist()


def moments_us(cost: Cost) -> tuple[float, float]:
    """Mean and mean square of the draws."""
    if cost.p50_us == cost.p99_us or not cost.p50_us:
        return float(cost.p50_us), float(cost.p50_us) ** 2
    mu, sigma = lognormal((0.5, cost.p50_us), (0.99, cost.p99_us))
    mean, square = math.exp(mu + sigma * sigma / 2), math.exp(2 * mu + 2 * sigma * sigma)
    return rounded(mean), rounded(square)
