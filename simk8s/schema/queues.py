"""The table of queues: what strategies that have queues of their own say of them."""

from __future__ import annotations

from simk8s.schema.columns import Column, Table, int64

QUEUES = Table(
    "queues",
    "One row for every resource of every queue, at no more than 200 instants; only of strategies "
    "that have queues (quota_queues, drf). Counts are since the start.",
    (
        int64("t_us", "us", "Instant."),
        Column("queue", "str", "", "Name of the ClusterQueue, or of the user."),
        Column("resource", "str", "", "cpu, memory, …; with flavors as flavor/resource."),
        int64("nominal", "", "Its own quota, in millicores, bytes, thousandths of a GPU or pieces.",
             null=True),
        int64("used", "", "What admitted workloads hold."),
        int64("waiting", "workloads", "Whole, and not admitted."),
        int64("admitted", "workloads", "Admissions; again after an eviction counts again."),
        int64("evicted", "workloads", "Evicted for others."),
        int64("waited_us", "us", "Sum of their times to admission."),
    ),
)  # fmt: skip
