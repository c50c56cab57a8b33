"""Tables beside the digest: what follows from what the others hold, counted where state is at hand.

Law: every run writes them, no digest covers them (it is about what happened, and they add nothing
to that), and a folder without them is one of an older version, whose KPIs of this are absent.
"""

from __future__ import annotations

from simk8s.schema.tables import Column, Table


def _int(name: str, unit: str, meaning: str, *, null: bool = False) -> Column:
    return Column(name, "int64", unit, meaning, nullable=null)


def _float(name: str, unit: str, meaning: str, *, null: bool = False) -> Column:
    return Column(name, "float64", unit, meaning, nullable=null)


NODE_USE = Table(
    "node_use",
    "What each node was used for, added up exactly, and what it draws (watts: docs/comparing.md).",
    (
        _int("node", "row", "Row in nodes."),
        _int("up_us", "us", "It was part of the cluster and not down."),
        _int("used_us", "us", "Of that, it had a pod besides those of DaemonSets and static ones."),
        _int(
            "machine_milli", "milli-CPU", "CPU of its machine, what it keeps for itself included."
        ),
        _float("cpu_share_us", "us", "Time × share of its machine's CPU that pods requested."),
        _float("gpu_share_us", "us", "Time × GPUs that pods requested, shares as shares."),
        _float(
            "packages_us", "us", "Time × CPU packages that the requests took, where it has any."
        ),
        _int("gpus_busy_us", "us", "Time × devices with any pod on them."),
        _int("gpus", "", "Devices."),
        _int("packages", "", "CPU packages that draw either of two; 0: a line between the two."),
        _float("idle_w", "W", "What it draws at rest, GPUs left aside."),
        _float("busy_w", "W", "With all its CPU in use."),
        _float("gpu_idle_w", "W", "What each device draws at rest."),
        _float("gpu_busy_w", "W", "In use."),
        Column("watts_known", "bool", "", "These are published, or the scenario's; else derived."),
    ),
)

FRAGMENTATION = Table(
    "fragmentation",
    "What is free on ready nodes, and of that what typical pods cannot use, at the instants of "
    "node_samples and at the end. Typical pods are the run's, weighted by how many there were.",
    (
        _int("t_us", "us", "Instant."),
        _int("cpu_free_milli", "milli-CPU", "Free."),
        _float("cpu_stranded_milli", "milli-CPU", "Free where a typical pod does not fit, mean."),
        _int("memory_free_bytes", "byte", "Free."),
        _float("memory_stranded_bytes", "byte", "Free where a typical pod does not fit, mean."),
        _int("gpu_allocatable_milli", "milli-GPU", "Allocatable."),
        _int("gpu_idle_milli", "milli-GPU", "Free."),
        _float("gpu_fragments_milli", "milli-GPU", "Fragmentation F of FGD; null without GPUs.",
               null=True),
    ),
)  # fmt: skip

ASIDE: dict[str, Table] = {table.name: table for table in (NODE_USE, FRAGMENTATION)}
