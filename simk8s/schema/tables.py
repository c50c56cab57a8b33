"""Every result table as data: column, type, unit, meaning.

From this come the Parquet types, the checks when a table is sealed or opened, the digest's order
and docs/results.md. Law: a column that the simulator writes is described here first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

from simk8s.schema.enums import ActionOutcome, FaultPhase, LossCause, Outcome, PodPhase

SCHEMA_VERSION = 2

Dtype = Literal["int64", "int32", "int16", "float64", "bool", "str", "enum"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `wall` marks what depends on the machine and is therefore not in the digest."""

    name: str
    dtype: Dtype
    unit: str
    meaning: str
    nullable: bool = False
    wall: bool = False
    enum: type[StrEnum] | None = None

    def __post_init__(self) -> None:
        if self.dtype not in get_args(Dtype):
            raise ValueError(f"column {self.name}: unknown dtype {self.dtype}")
        if (self.dtype == "enum") != (self.enum is not None):
            raise ValueError(f"column {self.name}: dtype enum and an enum belong together")

    @property
    def choices(self) -> tuple[str, ...]:
        """The values an enum column may hold, in the enum's order."""
        return tuple(member.value for member in self.enum or ())


@dataclass(frozen=True, slots=True)
class Table:
    """One table: a Parquet file of the same name."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = self.names
        if len(set(names)) != len(names):
            raise ValueError(f"table {self.name}: a column name is given twice")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")


def _int(name: str, unit: str, meaning: str, *, null: bool = False) -> Column:
    return Column(name, "int64", unit, meaning, nullable=null)


def _int32(name: str, unit: str, meaning: str, *, null: bool = False) -> Column:
    return Column(name, "int32", unit, meaning, nullable=null)


def _float(name: str, unit: str, meaning: str, *, null: bool = False, wall: bool = False) -> Column:
    return Column(name, "float64", unit, meaning, nullable=null, wall=wall)


def _str(name: str, meaning: str, *, null: bool = False) -> Column:
    return Column(name, "str", "", meaning, nullable=null)


def _enum(name: str, enum: type[StrEnum], meaning: str, *, null: bool = False) -> Column:
    return Column(name, "enum", "", meaning, nullable=null, enum=enum)


def _time(name: str, meaning: str, *, null: bool = False) -> Column:
    return _int(name, "us", meaning, null=null)


PODS = Table(
    "pods",
    "One row for every pod that was created, or was refused and had no owner to try again.",
    (
        _int("pod", "row", "Number of the pod; other tables refer to it."),
        _str("namespace", "Namespace."),
        _str("name", "Name."),
        _str("workload", "The scenario's workload entry that it belongs to."),
        _str("owner", "Controller that owns it, as kind/name.", null=True),
        _int32("priority", "", "Priority value."),
        _int("cpu_milli", "milli-CPU", "CPU requested."),
        _int("memory_bytes", "byte", "Memory requested."),
        _int("gpu_milli", "milli-GPU", "GPU requested; 1,000 is one whole device."),
        _str("node", "Node it was last bound to.", null=True),
        _str("zone", "Zone of that node.", null=True),
        _time("created_us", "Created in the API (refused: when that was)."),
        _time("scheduled_us", "A node was chosen, last time.", null=True),
        _time("bound_us", "The binding was stored, last time.", null=True),
        _time("seen_us", "Its kubelet heard of it, last time.", null=True),
        _time("pulled_us", "Its last image was on the node, last time.", null=True),
        _time("started_us", "Its last container was started, last time.", null=True),
        _time("running_us", "The status Running was stored, first time.", null=True),
        _time("ready_us", "The condition Ready was stored, first time.", null=True),
        _time("finished_us", "It ended, for whatever reason.", null=True),
        _enum("phase", PodPhase, "Phase when the run ended."),
        _str("reason", "Reason of that phase, as the API would show it.", null=True),
        _int32("attempts", "", "Scheduling attempts made."),
        _int32("restarts", "", "Container restarts."),
        _enum("lost_cause", LossCause, "Why it was lost; null if it was not.", null=True),
        _time("lost_work_us", "Running time that was lost with it."),
        Column("stateful", "bool", "", "Mounts more than what is made for it alone."),
        _time("image_pull_us", "Time that image pulls took before it ran, last time."),
        _time("init_us", "Time that its init containers took before it ran, last time."),
    ),
)

NODES = Table(
    "nodes",
    "One row for every node that was ever there.",
    (
        _int("node", "row", "Number of the node; other tables refer to it."),
        _str("name", "Name."),
        _str("profile", "Hardware profile."),
        _str("zone", "Zone."),
        _int("cpu_milli", "milli-CPU", "CPU allocatable."),
        _int("memory_bytes", "byte", "Memory allocatable."),
        _int("gpu_count", "", "GPU devices."),
        _str("gpu_model", "Model of the devices.", null=True),
        _int("max_pods", "", "Pods allocatable."),
        _float("price_per_hour", "USD/h", "List price.", null=True),
        _time("joined_us", "It became part of the cluster."),
        _time("removed_us", "It left the cluster.", null=True),
        _int32("crashes", "", "Times it went down."),
        _time("down_us", "Time it was down."),
        _float("cpu_requested_mean", "share", "Requested of allocatable CPU, time-weighted."),
        _float("memory_requested_mean", "share", "The same for memory."),
        _float("gpu_requested_mean", "share", "The same for GPUs.", null=True),
        _int32("pods_peak", "", "Most pods at one moment."),
        _int("pods_started", "", "Pods that were ever started on it."),
    ),
)

TIMESERIES = Table(
    "timeseries",
    "The cluster at regular instants, one row each. Allocatable means: of ready nodes.",
    (
        _time("t_us", "Instant."),
        _int("pending", "pods", "Created, not running."),
        _int("running", "pods", "Running."),
        _int("succeeded", "pods", "Finished well, since the start."),
        _int("failed", "pods", "Failed, lost or dropped, since the start."),
        _int("terminating", "pods", "Being deleted."),
        _int("created_total", "pods", "Created, since the start."),
        _int("bound_total", "bindings", "Stored, since the start."),
        _int("nodes_ready", "nodes", "Ready."),
        _int("nodes_total", "nodes", "In the cluster."),
        _int("cpu_requested_milli", "milli-CPU", "Requested by pods on ready nodes."),
        _int("cpu_allocatable_milli", "milli-CPU", "Allocatable."),
        _int("memory_requested_bytes", "byte", "Requested by pods on ready nodes."),
        _int("memory_allocatable_bytes", "byte", "Allocatable."),
        _int("gpu_requested_milli", "milli-GPU", "Requested by pods on ready nodes."),
        _int("gpu_allocatable_milli", "milli-GPU", "Allocatable."),
        _int("nodes_used", "nodes", "With at least one pod."),
        _int("queue_active", "pods", "In the scheduler's active queue."),
        _int("queue_backoff", "pods", "Waiting out a backoff."),
        _int("queue_unschedulable", "pods", "Parked until something changes."),
    ),
)

NODE_SAMPLES = Table(
    "node_samples",
    "Each node at no more than 96 instants.",
    (
        _time("t_us", "Instant."),
        _int("node", "row", "Row in nodes."),
        _float("cpu_share", "share", "Requested of allocatable CPU."),
        _float("memory_share", "share", "Requested of allocatable memory."),
        _float("gpu_share", "share", "Requested of allocatable GPUs.", null=True),
        _int32("pods", "pods", "Pods on it."),
        Column("ready", "bool", "", "Ready."),
    ),
)

DECISIONS = Table(
    "decisions",
    "One row for every scheduling attempt, in order.",
    (
        _time("t_us", "Start of the attempt."),
        _int("pod", "row", "Row in pods."),
        _int32("attempt", "", "Which attempt for this pod, from 1."),
        _str("strategy", "Strategy that decided."),
        _enum("outcome", Outcome, "How it ended."),
        _int("node", "row", "Row in nodes: chosen or nominated.", null=True),
        _int("feasible", "nodes", "Nodes that passed all filters."),
        _int("score", "", "Score of the chosen node.", null=True),
        _time("queue_wait_us", "Time in the active queue before the attempt."),
        _time("service_us", "Time the attempt took."),
        _int("reason", "row", "Row in reasons; null if it was bound.", null=True),
        _int32("victims", "pods", "Pods preempted for it."),
    ),
)

REASONS = Table(
    "reasons",
    "The distinct texts that decisions refer to.",
    (
        _int("reason", "row", "Number of the text."),
        _str("text", "Why no node would do."),
        _str("plugin", "The plugin that said so, if it was one.", null=True),
    ),
)

SOLVES = Table(
    "solves",
    "One row for every plan that a batch strategy computed.",
    (
        _time("t_us", "Start of the solve."),
        _int32("size", "pods", "Pods in the batch."),
        _int32("candidates", "nodes", "Nodes the solver was given."),
        _str("status", "Solver's status, in lower case."),
        _float("objective", "", "Value of the plan.", null=True),
        _float("bound", "", "Proven bound.", null=True),
        _float("gap", "share", "Distance of the two.", null=True),
        _float("hint_objective", "", "Value of the greedy hint.", null=True),
        _float("deterministic_time", "", "Solver's own deterministic time."),
        _time("latency_us", "Simulated time until the plan was there."),
        _int32("placed", "pods", "Placements in the plan."),
        _int32("stale", "pods", "Placements that no longer held when carried out."),
        _float("wall_s", "s", "Time on this machine.", null=True, wall=True),
    ),
)

FAULTS = Table(
    "faults",
    "One row for every moment of a fault.",
    (
        _time("t_us", "Instant."),
        _str("kind", "Fault, as the scenario names it."),
        _enum("phase", FaultPhase, "Which moment."),
        _str("target", "What was hit: node, zone."),
        _time("duration_us", "How long it lasts, if known at its start.", null=True),
        _int32("pods_hit", "pods", "Pods that it touched."),
        _str("detail", "More words.", null=True),
    ),
)

CONTROLLERS = Table(
    "controllers",
    "One row for every component with a queue: controllers, scheduler, levels, etcd, clients.",
    (
        _str("component", "Name."),
        _int32("workers", "", "Workers."),
        _int("reconciles", "", "Items worked on."),
        _float("queue_wait_us_mean", "us", "Time an item waited, mean."),
        _int("queue_wait_us_p50", "us", "Median."),
        _int("queue_wait_us_p99", "us", "99th percentile."),
        _float("service_us_mean", "us", "Time an item took, mean."),
        _int("service_us_p50", "us", "Median."),
        _int("service_us_p99", "us", "99th percentile."),
        _int("busy_us", "us", "Worker time spent."),
        _float("utilisation", "share", "Busy of workers × simulated time."),
        _int("writes", "", "Writes to the API."),
        _int("throttled_us", "us", "Time spent waiting for the client's rate limit."),
        _int("conflicts", "", "Writes that had to be repeated."),
    ),
)


API_REQUESTS = Table(
    "api_requests",
    "One row for every client, verb, resource and five minutes in which it asked for anything.",
    (
        _str("client", "Name of the client; all kubelets are one."),
        _str("verb", "GET, LIST, POST, PUT, PATCH, DELETE."),
        _str("resource", "Resource and subresource, as in pods/binding."),
        _time("window_us", "Start of the five minutes; a request belongs to its arrival."),
        _int("requests", "requests", "That arrived at the server, refused ones included."),
        _int("rejected", "requests", "Of those, answered 429 or not at all; sent again later."),
        _time("wait_us_p50", "Wait for a seat at the priority level, median."),
        _time("wait_us_p99", "99th percentile."),
        _float("latency_us_mean", "us", "From arrival at the server to the response, mean."),
        _time("latency_us_p50", "Median."),
        _time("latency_us_p90", "90th percentile."),
        _time("latency_us_p99", "99th percentile."),
        _time("latency_us_max", "Longest."),
        _time("throttled_us", "Time that the client's own limit held requests back, sum."),
    ),
)

EXPLANATIONS = Table(
    "explanations",
    "One row for every attempt that `simk8s run --explain` was to record. Not in the digest.",
    (
        _time("t_us", "Start of the attempt."),
        _int("pod", "row", "Row in pods."),
        _int32("attempt", "", "Which attempt of the pod, from 1."),
        _str("namespace", "Its namespace."),
        _str("name", "Its name."),
        _str("chosen", "Name of the node it was to run on.", null=True),
        _str("detail", "Per node filters and scores, message and smallest changes, as JSON."),
    ),
)


ACTIONS = Table(
    "actions",
    "One row for every object that an entry of the timeline was about, in order of time.",
    (
        _time("t_us", "It was asked for."),
        _time("ended_us", "It was over: answered, joined, drained.", null=True),
        _int("entry", "row", "Number of the entry in the scenario, from 0."),
        _str("name", "Name of the entry.", null=True),
        _str("verb", "What was asked, as the scenario has it."),
        _str("object", "Of what, as kind/name."),
        _str("namespace", "Its namespace, if it is in one.", null=True),
        _enum("outcome", ActionOutcome, "What became of it."),
        _str("detail", "More words.", null=True),
    ),
)


def _by_name(tables: Iterable[Table]) -> dict[str, Table]:
    return {table.name: table for table in tables}


TABLES: dict[str, Table] = _by_name(
    (
        PODS,
        NODES,
        TIMESERIES,
        NODE_SAMPLES,
        DECISIONS,
        REASONS,
        SOLVES,
        FAULTS,
        CONTROLLERS,
        API_REQUESTS,
    )
)

USAGE = Table(
    "usage",
    "What pods used, at no more than 200 instants; only of scenarios that say what pods use. "
    "Means are over the time since the row before.",
    (
        _time("t_us", "Instant."),
        _int("cpu_demand_milli", "milli-CPU", "What pods would have used, mean."),
        _int("cpu_capped_milli", "milli-CPU", "Of that, what their limits let through, mean."),
        _int("cpu_used_milli", "milli-CPU", "Of that, what their nodes had for them, mean."),
        _int("memory_used_bytes", "byte", "Memory that pods used, mean."),
        _int("cpu_capacity_milli", "milli-CPU", "CPUs of ready nodes."),
        _int("memory_capacity_bytes", "byte", "Memory of ready nodes."),
        _int("oom_kills", "pods", "Pods killed for memory, since the start."),
        _int("node_ooms", "pods", "Of those, because the node was full."),
        _int("evictions", "pods", "Evicted by kubelets under pressure, since the start."),
        _int("memory_pressure", "nodes", "With the condition MemoryPressure."),
        _int("disk_pressure", "nodes", "With the condition DiskPressure."),
    ),
)

CLOUD_CALLS = Table(
    "cloud_calls",
    "One row for everything that was asked of the cloud's API, however many calls that took.",
    (
        _time("asked_us", "First call."),
        _str("action", "RunInstances, TerminateInstances or DescribeInstances."),
        _str("target", "The machine, or the first of them."),
        _int("machines", "nodes", "Machines that it was about."),
        _int("calls", "", "Calls made; DescribeInstances makes one for each node."),
        _int("throttled", "", "Calls that were refused."),
        _time("taken_us", "Call that was taken; of several, the last.", null=True),
        _time("answered_us", "Answer to it.", null=True),
        _time("joined_us", "The last of the machines had become a node.", null=True),
    ),
)

OPTIONAL: dict[str, Table] = _by_name((EXPLANATIONS, ACTIONS, USAGE, CLOUD_CALLS))
"""Tables that only some runs have."""
DIGESTED = ("actions", "usage", "cloud_calls")
"""Of those, the ones that belong to the digest where they are."""
