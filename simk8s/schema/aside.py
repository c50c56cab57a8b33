"""Tables beside the digest: what follows from what the others hold, counted where state is at hand.

Law: every run writes them, no digest covers them (it is about what happened, and they add nothing
to that), and a folder without them is one of an older version, whose KPIs of this are absent.
"""

from __future__ import annotations

from simk8s.schema.columns import Column, Table, by_name, float64, int64

NODE_USE = Table(
    "node_use",
    "What each node was used for, added up exactly, and what it draws (watts: docs/comparing.md).",
    (
        int64("node", "row", "Row in nodes."),
        int64("up_us", "us", "It was part of the cluster and not down."),
        int64(
            "used_us", "us", "Of that, it had a pod besides those of DaemonSets and static ones."
        ),
        int64(
            "machine_milli", "milli-CPU", "CPU of its machine, what it keeps for itself included."
        ),
        float64("cpu_share_us", "us", "Time × share of its machine's CPU that pods requested."),
        float64("gpu_share_us", "us", "Time × GPUs that pods requested, shares as shares."),
        float64(
            "packages_us", "us", "Time × CPU packages that the requests took, where it has any."
        ),
        int64("gpus_busy_us", "us", "Time × devices with any pod on them."),
        int64("gpus", "", "Devices."),
        int64("packages", "", "CPU packages that draw either of two; 0: a line between the two."),
        float64("idle_w", "W", "What it draws at rest, GPUs left aside."),
        float64("busy_w", "W", "With all its CPU in use."),
        float64("gpu_idle_w", "W", "What each device draws at rest."),
        float64("gpu_busy_w", "W", "In use."),
        Column("watts_known", "bool", "", "These are published, or the scenario's; else derived."),
    ),
)

FRAGMENTATION = Table(
    "fragmentation",
    "What is free on ready nodes, and of that what typical pods cannot use, at the instants of "
    "node_samples and at the end. Typical pods are the run's, weighted by how many there were.",
    (
        int64("t_us", "us", "Instant."),
        int64("cpu_free_milli", "milli-CPU", "Free."),
        float64("cpu_stranded_milli", "milli-CPU", "Free where a typical pod does not fit, mean."),
        int64("memory_free_bytes", "byte", "Free."),
        float64("memory_stranded_bytes", "byte", "Free where a typical pod does not fit, mean."),
        int64("gpu_allocatable_milli", "milli-GPU", "Allocatable."),
        int64("gpu_idle_milli", "milli-GPU", "Free."),
        float64("gpu_fragments_milli", "milli-GPU", "Fragmentation F of FGD; null without GPUs.",
               null=True),
    ),
)  # fmt: skip

ASIDE: dict[str, Table] = by_name((NODE_USE, FRAGMENTATION))
