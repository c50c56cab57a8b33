# %% [markdown]
# # How small can this cluster be?
#
# A web service and batch jobs share a cluster, one zone fails for three minutes, and somebody has
# to pay for the nodes. We ask how few nodes still start pods in time, and whether packing them
# tighter helps. Open this file as a notebook (Jupyter with jupytext, VS Code), or run it.

# %%
import polars as pl

from simk8s import Scenario, compare, run

# %% [markdown]
# A scenario is a value: written here as it would be in a file, read from one with
# `Scenario.load("rush-hour.yaml")`, and changed only by making another.

# %%
app = {"containers": [{"name": "app", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}]}
scenario = Scenario(
    name="packing",
    seed=1,
    duration="10m",
    nodes=[{"profile": "m5.xlarge", "count": 12, "zones": ["a", "b", "c"]}],
    workload=[
        {
            "name": "web",
            "deployment": {
                "replicas": 20,
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": app},
            },
        },
        {
            "name": "batch",
            "arrivals": {"poisson": {"rate": "10/min"}},
            "template": {"spec": app},
        },
    ],
    behaviour=[
        {"workload": "batch", "lifetime": {"lognormal": {"p50": "2m", "p99": "9m"}}},
        {"selector": "app=web", "startup": {"uniform": {"min": "2s", "max": "15s"}}},
    ],
    sampling={"interval": "10s"},
    faults=[{"zoneOutage": {"zone": "b", "at": "4m", "for": "3m"}}],
)
scenario

# %% [markdown]
# One run. Every table is a polars frame whose times are simulated microseconds.

# %%
first = run(scenario)
first

# %%
waits = (
    first.pods.filter(pl.col("scheduled_us").is_not_null())
    .with_columns(wait_s=(pl.col("scheduled_us") - pl.col("created_us")) / 1e6)
    .group_by("workload")
    .agg(
        pods=pl.len(),
        lost=pl.col("lost_cause").is_not_null().sum(),
        longest_wait_s=pl.col("wait_s").max(),
    )
    .sort("workload")
)
waits

# %% [markdown]
# Variants on the same seeds meet the same arrivals, lifetimes and outage, so a difference is the
# variant's alone. `five` is the same scenario with fewer nodes.

# %%
comparison = compare(
    scenario,
    variants={
        "as_is": {},
        "packed": {"strategy": "most_allocated"},
        "five": scenario.set("nodes.0.count", 5),
    },
    seeds=4,
)
comparison

# %%
answer = comparison.kpis.filter(
    pl.col("kpi").is_in(["started_within_5s", "node_cost", "pods_lost"])
).pivot(on="kpi", index=["variant", "seed"], values="value")
answer

# %% [markdown]
# The paired differences to the first variant, with their 95 % intervals:

# %%
verdicts = comparison.differences.filter(pl.col("kpi") == "started_within_5s")
verdicts

# %% [markdown]
# The page of it all, to pass on:

# %%
page = comparison.report("packing.html")
