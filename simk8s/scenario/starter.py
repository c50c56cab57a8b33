"""L1: the scenario that `simk8s new` writes: small, commented, valid as it is."""

from __future__ import annotations

import re

from simk8s.errors import Problem, UserError
from simk8s.scenario.schema import DNS_LABEL

_TEXT = """\
# A scenario of simk8s. Run it:      simk8s run {file}
# Check it without running:          simk8s validate {file}
# Change a value for one run:        simk8s run {file} --set nodes.0.count=50
# Keys in your editor:               simk8s schema > scenario.schema.json
apiVersion: simk8s/v1
name: {name}
seed: 1            # the same seed gives the same arrivals, lifetimes and faults
duration: 6h       # simulated time: 90s, 30m, 6h, 2d …

# Machines by instance type (docs/profiles.md lists them), spread over zones.
nodes:
  - profile: m5.4xlarge
    count: 20
    zones: [a, b, c]
    labels: {{pool: general}}
    taints: []       # e.g. [dedicated=gpu:NoSchedule]

# Where pods come from: arrivals, a deployment, a replicaSet, a job, manifests, a replayed trace.
workload:
  - name: web
    arrivals: {{poisson: {{rate: 10/min}}}}
    lifetime: {{lognormal: {{p50: 10m, p99: 2h}}}}
    # A pod template in plain Kubernetes YAML.
    template:
      metadata: {{labels: {{app: web}}}}
      spec:
        containers:
          - name: web
            resources: {{requests: {{cpu: 500m, memory: 1Gi}}}}

  - name: api
    replicaSet:
      replicas: 30
      template:
        metadata: {{labels: {{app: api}}}}
        spec:
          priority: 100
          containers:
            - name: api
              resources: {{requests: {{cpu: "1", memory: 2Gi}}}}

# What breaks.
faults:
  - nodeCrash:
      mtbf: {{exponential: {{mean: 10d}}}}      # per node
      mttr: {{lognormal: {{p50: 5m, p99: 1h}}}}
  - zoneOutage: {{zone: b, at: 2h, for: 30m}}

strategy: kube_scheduler      # or most_allocated, first_fit, best_fit, cp_sat …

# How fast the machinery is (docs/control-plane.md lists every field).
controlPlane:
  profile: small     # or managed-gke-like, managed-eks-like, large-5000, instant
  # apiServer: {{watchLag: 5ms}}                # over the profile, key by key

# What the run has to reach: exit code 1 when one is missed. Any KPI of `--json`, any percentile.
thresholds:
  - startup p50 < 5s
  - pending_share <= 5%

# Side by side:  simk8s compare {file}
variants:
  spread: {{strategy: kube_scheduler}}
  packed: {{strategy: most_allocated}}
"""


def starter(name: str, file: str | None = None) -> str:
    """The text of a new scenario."""
    if not re.match(DNS_LABEL, name):
        text = f"{name!r} cannot be a scenario's name"
        hint = "use lower-case letters, digits and dashes, for example rush-hour"
        raise UserError(Problem("E105", text, hint=hint))
    return _TEXT.format(name=name, file=file or f"{name}.yaml")
