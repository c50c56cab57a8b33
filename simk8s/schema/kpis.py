"""What can be asked of a run by name: quantities, of which any percentile is known, and KPIs.

Law: names are data, so that a scenario can be checked against them without reading a table; how
each is computed stands in `results/`, and a test holds the two together. Times are microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from simk8s.schema.enums import LossCause

Kind = Literal["count", "share", "duration", "work", "rate", "money", "node_time", "energy"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A duration that many things have: from one time column of a table to another.

    Without `start` the column `end` is the duration itself.
    """

    name: str
    title: str
    table: str
    start: str
    end: str
    meaning: str
    calm: bool = False
    """Where the table has rows and none of this, nothing was the matter: it is 0."""


def _pods(name: str, title: str, start: str, end: str, meaning: str) -> Quantity:
    return Quantity(name, title, "pods", f"{start}_us", f"{end}_us", meaning)


SCHEDULING = _pods(
    "scheduling", "Created to scheduled", "created", "scheduled",
    "From creation until a node was chosen; pods still waiting are not in it.",
)  # fmt: skip
STARTUP = _pods(
    "startup", "Created to running", "created", "running",
    "From creation until the pod ran; pods that never ran are not in it.",
)  # fmt: skip
READY = _pods(
    "time_to_ready", "Created to ready", "created", "ready",
    "From creation until the pod was Ready; pods that never were are not in it.",
)  # fmt: skip
STAGES: tuple[Quantity, ...] = (
    SCHEDULING,
    _pods("binding", "Scheduled to bound", "scheduled", "bound",
          "From the choice of a node until the binding was stored."),
    _pods("noticing", "Bound to seen by kubelet", "bound", "seen",
          "From the binding until the node's kubelet heard of it."),
    _pods("pulling", "Seen to image pulled", "seen", "pulled",
          "Volumes, sandbox and images, until all images were on the node."),
    _pods("starting", "Pulled to started", "pulled", "started",
          "From the images until the runtime had started the containers."),
    _pods("reporting", "Started to running", "started", "running",
          "From started containers until the API server had stored phase Running."),
    _pods("readying", "Running to ready", "running", "ready",
          "From phase Running until condition Ready was stored."),
)  # fmt: skip
"""A pod's way to Ready; each begins where the one before ends."""

QUEUE_WAIT = Quantity(
    "queue_wait", "Queue wait", "decisions", "", "queue_wait_us",
    "Time in the scheduler's active queue before an attempt.",
)  # fmt: skip
API_LATENCY = Quantity(
    "api_latency", "API latency", "api_requests", "", "latency_us",
    "Of all requests; between the percentiles that the table has, interpolated.",
)  # fmt: skip
RECOVERY = Quantity(
    "recovery", "Damage to complete again", "dips", "", "recovery_us",
    "How long a workload that had lost replicas missed any; what is still open counts until the "
    "end of the run. 0 if none lost any.",
    calm=True,
)  # fmt: skip
DETECTION = Quantity(
    "detection", "Fault to noticed", "dips", "hit_us", "detected_us",
    "From the fault until the API server knew of the first replica that was lost.",
)  # fmt: skip
REPLACEMENT = Quantity(
    "replacement", "Fault to re-placed", "dips", "hit_us", "replaced_us",
    "From the fault until the last replacement was bound to a node.",
)  # fmt: skip
DIPS: tuple[Quantity, ...] = (RECOVERY, DETECTION, REPLACEMENT)
QUANTITIES: Mapping[str, Quantity] = {
    quantity.name: quantity
    for quantity in (*STAGES, STARTUP, READY, QUEUE_WAIT, API_LATENCY, *DIPS)
}


def _kinds() -> dict[str, Kind]:
    counts = (
        "pods_created", "pods_started", "pods_running", "pods_succeeded", "pods_failed",
        "pods_pending", "pods_unscheduled", "pods_dropped", "pods_refused", "pods_lost", "attempts",
        "victims", "nodes_used_mean", "nodes_used_peak", "solves", "api_requests", "api_rejected",
        "oom_kills", "cloud_calls", "cloud_throttled",
        "availability_nines", "dips", "dips_open", "never_complete", "evictions_granted",
        "evictions_refused", "workloads_evicted",
        "nodes_bound", "high_priority_started", "pods_moved", "pods_evicted",
        "bound_pods", "gap_pods",
    )  # fmt: skip
    shares = (
        "started_within_5s", "pending_share", "attempts_unsuccessful", "nodes_down_share",
        "gpu_allocation_end", "solve_gap_mean", "solve_stale_share", "api_rejected_share",
        "etcd_utilisation", "seats_utilisation_max", "cpu_used_mean", "memory_used_mean",
        "cpu_throttled_share", "cpu_starved_share",
        "availability", "availability_worst",
        "packing_gap", "queue_fairness", "queue_served_worst", "queue_served_fairness",
        "admission_fairness",
        "gpu_fragmentation_mean", "gpu_fragmentation_of_idle", "cpu_stranded_mean",
        "memory_stranded_mean",
        "bound_gpu_allocation", "gap_gpu_allocation",
        "gap_gpu_mean", "gap_pods_mean", "gap_nodes_mean",
    )  # fmt: skip
    durations = (
        "queue_worst_wait_us", "budget_exhausted_us", "high_priority_startup_p99_us",
        "admission_wait_us",
        "service_us_mean", "api_throttled_us", "slo_startup_us", "slo_api_mutating_us",
        "slo_api_get_us", "slo_api_list_us", "below_desired_us", "longest_dip_us",
        "node_asked_to_joined_p50_us", "node_asked_to_joined_max_us",
    )  # fmt: skip
    found: dict[str, Kind] = dict.fromkeys(counts, "count")
    found |= dict.fromkeys((f"lost_{cause.value}" for cause in LossCause), "count")
    found |= dict.fromkeys(shares, "share")
    found |= dict.fromkeys(durations, "duration")
    for resource in ("cpu", "memory", "gpu"):
        found |= {f"{resource}_utilisation_{which}": "share" for which in ("mean", "peak")}
    for name, percents in PERCENTILES.items():
        found |= {f"{name}_us_p{percent}": "duration" for percent in percents}
    work = ("unavailable_us", "data_out_us", "work_wasted_us", "work_redone_us")
    found |= dict.fromkeys(work, "work")
    found |= dict.fromkeys(("node_cost", "node_cost_used", "node_cost_per_pod_hour"), "money")
    found |= dict.fromkeys(("node_time_us", "node_time_used_us"), "node_time")
    found |= dict.fromkeys(("energy_kwh", "energy_used_kwh", "energy_per_pod_hour"), "energy")
    return found | {"lost_work_us": "work", "attempts_per_second": "rate"}


PERCENTILES: Mapping[str, tuple[int, ...]] = {
    name: (50, 90, 99) if name in ("scheduling", "startup", "queue_wait") else (50, 99)
    for name in QUANTITIES
} | {quantity.name: (50, 95) for quantity in DIPS}
"""Which percentiles of a quantity are KPIs."""

KPIS: Mapping[str, Kind] = _kinds()
"""Every KPI and what kind of number it is."""
