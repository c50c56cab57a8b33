"""Every result table as data: column, type, unit, meaning.

From this come the Parquet types, the checks when a table is sealed or opened, the digest's order
and docs/results.md. Law: a column that the simulator writes is described here first.
"""

from __future__ import annotations

from simk8s.schema.columns import Column, Table, by_name, float64, int32, int64, member, text, time
from simk8s.schema.enums import ActionOutcome, FaultPhase, LossCause, Outcome, PodPhase

SCHEMA_VERSION = 2

PODS = Table(
    "pods",
    "One row for every pod that was created, or was refused and had no owner to try again.",
    (
        int64("pod", "row", "Number of the pod; other tables refer to it."),
        text("namespace", "Namespace."),
        text("name", "Name."),
        text("workload", "The scenario's workload entry that it belongs to."),
        text("owner", "Controller that owns it, as kind/name.", null=True),
        int32("priority", "", "Priority value."),
        int64("cpu_milli", "milli-CPU", "CPU requested."),
        int64("memory_bytes", "byte", "Memory requested."),
        int64("gpu_milli", "milli-GPU", "GPU requested; 1,000 is one whole device."),
        text("node", "Node it was last bound to.", null=True),
        text("zone", "Zone of that node.", null=True),
        time("created_us", "Created in the API (refused: when that was)."),
        time("scheduled_us", "A node was chosen, last time.", null=True),
        time("bound_us", "The binding was stored, last time.", null=True),
        time("seen_us", "Its kubelet heard of it, last time.", null=True),
        time("pulled_us", "Its last image was on the node, last time.", null=True),
        time("started_us", "Its last container was started, last time.", null=True),
        time("running_us", "The status Running was stored, first time.", null=True),
        time("ready_us", "The condition Ready was stored, first time.", null=True),
        time("finished_us", "It ended, for whatever reason.", null=True),
        member("phase", PodPhase, "Phase when the run ended."),
        text("reason", "Reason of that phase, as the API would show it.", null=True),
        int32("attempts", "", "Scheduling attempts made."),
        int32("restarts", "", "Container restarts."),
        member("lost_cause", LossCause, "Why it was lost; null if it was not.", null=True),
        time("lost_work_us", "Running time that was lost with it."),
        Column("stateful", "bool", "", "Mounts more than what is made for it alone."),
        time("image_pull_us", "Time that image pulls took before it ran, last time."),
        time("init_us", "Time that its init containers took before it ran, last time."),
    ),
)

NODES = Table(
    "nodes",
    "One row for every node that was ever there.",
    (
        int64("node", "row", "Number of the node; other tables refer to it."),
        text("name", "Name."),
        text("profile", "Hardware profile."),
        text("zone", "Zone."),
        int64("cpu_milli", "milli-CPU", "CPU allocatable."),
        int64("memory_bytes", "byte", "Memory allocatable."),
        int64("gpu_count", "", "GPU devices."),
        text("gpu_model", "Model of the devices.", null=True),
        int64("max_pods", "", "Pods allocatable."),
        float64("price_per_hour", "USD/h", "List price.", null=True),
        time("joined_us", "It became part of the cluster."),
        time("removed_us", "It left the cluster.", null=True),
        int32("crashes", "", "Times it went down."),
        time("down_us", "Time it was down."),
        float64("cpu_requested_mean", "share", "Requested of allocatable CPU, time-weighted."),
        float64("memory_requested_mean", "share", "The same for memory."),
        float64("gpu_requested_mean", "share", "The same for GPUs.", null=True),
        int32("pods_peak", "", "Most pods at one moment."),
        int64("pods_started", "", "Pods that were ever started on it."),
    ),
)

TIMESERIES = Table(
    "timeseries",
    "The cluster at regular instants, one row each. Allocatable means: of ready nodes.",
    (
        time("t_us", "Instant."),
        int64("pending", "pods", "Created, not running."),
        int64("running", "pods", "Running."),
        int64("succeeded", "pods", "Finished well, since the start."),
        int64("failed", "pods", "Failed, lost or dropped, since the start."),
        int64("terminating", "pods", "Being deleted."),
        int64("created_total", "pods", "Created, since the start."),
        int64("bound_total", "bindings", "Stored, since the start."),
        int64("nodes_ready", "nodes", "Ready."),
        int64("nodes_total", "nodes", "In the cluster."),
        int64("cpu_requested_milli", "milli-CPU", "Requested by pods on ready nodes."),
        int64("cpu_allocatable_milli", "milli-CPU", "Allocatable."),
        int64("memory_requested_bytes", "byte", "Requested by pods on ready nodes."),
        int64("memory_allocatable_bytes", "byte", "Allocatable."),
        int64("gpu_requested_milli", "milli-GPU", "Requested by pods on ready nodes."),
        int64("gpu_allocatable_milli", "milli-GPU", "Allocatable."),
        int64("nodes_used", "nodes", "With at least one pod."),
        int64("queue_active", "pods", "In the scheduler's active queue."),
        int64("queue_backoff", "pods", "Waiting out a backoff."),
        int64("queue_unschedulable", "pods", "Parked until something changes."),
    ),
)

NODE_SAMPLES = Table(
    "node_samples",
    "Each node at no more than 96 instants.",
    (
        time("t_us", "Instant."),
        int64("node", "row", "Row in nodes."),
        float64("cpu_share", "share", "Requested of allocatable CPU."),
        float64("memory_share", "share", "Requested of allocatable memory."),
        float64("gpu_share", "share", "Requested of allocatable GPUs.", null=True),
        int32("pods", "pods", "Pods on it."),
        Column("ready", "bool", "", "Ready."),
    ),
)

DECISIONS = Table(
    "decisions",
    "One row for every scheduling attempt, in order.",
    (
        time("t_us", "Start of the attempt."),
        int64("pod", "row", "Row in pods."),
        int32("attempt", "", "Which attempt for this pod, from 1."),
        text("strategy", "Strategy that decided."),
        member("outcome", Outcome, "How it ended."),
        int64("node", "row", "Row in nodes: chosen or nominated.", null=True),
        int64("feasible", "nodes", "Nodes that passed all filters."),
        int64("score", "", "Score of the chosen node.", null=True),
        time("queue_wait_us", "Time in the active queue before the attempt."),
        time("service_us", "Time the attempt took."),
        int64("reason", "row", "Row in reasons; null if it was bound.", null=True),
        int32("victims", "pods", "Pods preempted for it."),
    ),
)

REASONS = Table(
    "reasons",
    "The distinct texts that decisions refer to.",
    (
        int64("reason", "row", "Number of the text."),
        text("text", "Why no node would do."),
        text("plugin", "The plugin that said so, if it was one.", null=True),
    ),
)

SOLVES = Table(
    "solves",
    "One row for every plan that a batch strategy computed.",
    (
        time("t_us", "Start of the solve."),
        int32("size", "pods", "Pods in the batch."),
        int32("candidates", "nodes", "Nodes the solver was given."),
        text("status", "Solver's status, in lower case."),
        float64("objective", "", "Value of the plan.", null=True),
        float64("bound", "", "Proven bound.", null=True),
        float64("gap", "share", "Distance of the two.", null=True),
        float64("hint_objective", "", "Value of the greedy hint.", null=True),
        float64("deterministic_time", "", "Solver's own deterministic time."),
        time("latency_us", "Simulated time until the plan was there."),
        int32("placed", "pods", "Placements in the plan."),
        int32("stale", "pods", "Placements that no longer held when carried out."),
        float64("wall_s", "s", "Time on this machine.", null=True, wall=True),
    ),
)

FAULTS = Table(
    "faults",
    "One row for every moment of a fault.",
    (
        time("t_us", "Instant."),
        text("kind", "Fault, as the scenario names it."),
        member("phase", FaultPhase, "Which moment."),
        text("target", "What was hit: node, zone."),
        time("duration_us", "How long it lasts, if known at its start.", null=True),
        int32("pods_hit", "pods", "Pods that it touched."),
        text("detail", "More words.", null=True),
    ),
)

CONTROLLERS = Table(
    "controllers",
    "One row for every component with a queue: controllers, scheduler, levels, etcd, clients.",
    (
        text("component", "Name."),
        int32("workers", "", "Workers."),
        int64("reconciles", "", "Items worked on."),
        float64("queue_wait_us_mean", "us", "Time an item waited, mean."),
        int64("queue_wait_us_p50", "us", "Median."),
        int64("queue_wait_us_p99", "us", "99th percentile."),
        float64("service_us_mean", "us", "Time an item took, mean."),
        int64("service_us_p50", "us", "Median."),
        int64("service_us_p99", "us", "99th percentile."),
        int64("busy_us", "us", "Worker time spent."),
        float64("utilisation", "share", "Busy of workers × simulated time."),
        int64("writes", "", "Writes to the API."),
        int64("throttled_us", "us", "Time spent waiting for the client's rate limit."),
        int64("conflicts", "", "Writes that had to be repeated."),
    ),
)


API_REQUESTS = Table(
    "api_requests",
    "One row for every client, verb, resource and five minutes in which it asked for anything.",
    (
        text("client", "Name of the client; all kubelets are one."),
        text("verb", "GET, LIST, POST, PUT, PATCH, DELETE."),
        text("resource", "Resource and subresource, as in pods/binding."),
        time("window_us", "Start of the five minutes; a request belongs to its arrival."),
        int64("requests", "requests", "That arrived at the server, refused ones included."),
        int64("rejected", "requests", "Of those, answered 429 or not at all; sent again later."),
        time("wait_us_p50", "Wait for a seat at the priority level, median."),
        time("wait_us_p99", "99th percentile."),
        float64("latency_us_mean", "us", "From arrival at the server to the response, mean."),
        time("latency_us_p50", "Median."),
        time("latency_us_p90", "90th percentile."),
        time("latency_us_p99", "99th percentile."),
        time("latency_us_max", "Longest."),
        time("throttled_us", "Time that the client's own limit held requests back, sum."),
    ),
)

EXPLANATIONS = Table(
    "explanations",
    "One row for every attempt that `simk8s run --explain` was to record. Not in the digest.",
    (
        time("t_us", "Start of the attempt."),
        int64("pod", "row", "Row in pods."),
        int32("attempt", "", "Which attempt of the pod, from 1."),
        text("namespace", "Its namespace."),
        text("name", "Its name."),
        text("chosen", "Name of the node it was to run on.", null=True),
        text("detail", "Per node filters and scores, message and smallest changes, as JSON."),
    ),
)


ACTIONS = Table(
    "actions",
    "One row for every object that an entry of the timeline was about, in order of time.",
    (
        time("t_us", "It was asked for."),
        time("ended_us", "It was over: answered, joined, drained.", null=True),
        int64("entry", "row", "Number of the entry in the scenario, from 0."),
        text("name", "Name of the entry.", null=True),
        text("verb", "What was asked, as the scenario has it."),
        text("object", "Of what, as kind/name."),
        text("namespace", "Its namespace, if it is in one.", null=True),
        member("outcome", ActionOutcome, "What became of it."),
        text("detail", "More words.", null=True),
    ),
)


TABLES: dict[str, Table] = by_name(
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
        time("t_us", "Instant."),
        int64("cpu_demand_milli", "milli-CPU", "What pods would have used, mean."),
        int64("cpu_capped_milli", "milli-CPU", "Of that, what their limits let through, mean."),
        int64("cpu_used_milli", "milli-CPU", "Of that, what their nodes had for them, mean."),
        int64("memory_used_bytes", "byte", "Memory that pods used, mean."),
        int64("cpu_capacity_milli", "milli-CPU", "CPUs of ready nodes."),
        int64("memory_capacity_bytes", "byte", "Memory of ready nodes."),
        int64("oom_kills", "pods", "Pods killed for memory, since the start."),
        int64("node_ooms", "pods", "Of those, because the node was full."),
        int64("evictions", "pods", "Evicted by kubelets under pressure, since the start."),
        int64("memory_pressure", "nodes", "With the condition MemoryPressure."),
        int64("disk_pressure", "nodes", "With the condition DiskPressure."),
    ),
)

CLOUD_CALLS = Table(
    "cloud_calls",
    "One row for everything that was asked of the cloud's API, however many calls that took.",
    (
        time("asked_us", "First call."),
        text("action", "RunInstances, TerminateInstances or DescribeInstances."),
        text("target", "The machine, or the first of them."),
        int64("machines", "nodes", "Machines that it was about."),
        int64("calls", "", "Calls made; DescribeInstances makes one for each node."),
        int64("throttled", "", "Calls that were refused."),
        time("taken_us", "Call that was taken; of several, the last.", null=True),
        time("answered_us", "Answer to it.", null=True),
        time("joined_us", "The last of the machines had become a node.", null=True),
    ),
)

OPTIONAL: dict[str, Table] = by_name((EXPLANATIONS, ACTIONS, USAGE, CLOUD_CALLS))
"""Tables that only some runs have."""
DIGESTED = ("actions", "usage", "cloud_calls")
"""Of those, the ones that belong to the digest where they are."""
