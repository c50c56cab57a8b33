"""The table of queues: what strategies that have queues of their own say of them."""

from __future__ import annotations

from simk8s.schema.tables import Column, Table


def _int(name: str, unit: str, meaning: str, *, null: bool = False) -> Column:
    return Column(name, "int64", unit, meaning, nullable=null)


QUEUES = Table(
    "queues",
    "One row for every resource of every queue, at no more than 200 instants; only of strategies "
    "that have queues (quota_queues, drf). Counts are since the start.",
    (
        _int("t_us", "us", "Instant."),
        Column("queue", "str", "", "Name of the ClusterQueue, or of the user."),
        Column("resource", "str", "", "cpu, memory, …; with flavors as flavor/resource."),
        _int("nominal", "", "Its own quota, in millicores, bytes, thousandths of a GPU or pieces.",
             null=True),
        _int("used", "", "What admitted workloads hold."),
        _int("waiting", "workloads", "Whole, and not admitted."),
        _int("admitted", "workloads", "Admissions; again after an eviction counts again."),
        _int("evicted", "workloads", "Evicted for others."),
        _int("waited_us", "us", "Sum of their times to admission."),
    ),
)  # fmt: skip
