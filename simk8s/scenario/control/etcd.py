"""`controlPlane.etcd`: members, disks, the way between them."""

from __future__ import annotations

from simk8s.scenario.types import Duration, Model


class Etcd(Model):
    """etcd; a write is on the disk of a majority before it counts."""

    fsync: Duration = 1_000
    round_trip: Duration = 500
