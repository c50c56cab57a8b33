"""A control plane whose requests all take the same, for tests that count microseconds."""

from __future__ import annotations

from simk8s.api.etcd import EtcdTimes
from simk8s.api.server import Times


def steady(service_us: int = 2_000, cores: int = 200) -> Times:
    """2 ms of computing, 1 ms of fsync, applied 0.5 ms later, seen after another 2 ms."""
    disk = EtcdTimes(fsync=(1_000, 1_000), backend_commit=(0, 0), apply_us=500)
    return Times(cores=cores, service_us=service_us, dispatch_ns=(0, 0), etcd=disk)
