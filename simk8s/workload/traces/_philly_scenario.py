"""From the job list of Philly to a scenario that refers to it.

Law: the file is read and checked before anything is written; the scenario holds its path, no data;
every virtual cluster is a namespace and an entry of its own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from simk8s.errors import Problem, UserError
from simk8s.units import MAX_DURATION_US, US_PER_HOUR, format_duration
from simk8s.workload.traces._openb_scenario import reference, write_text
from simk8s.workload.traces._philly_jobs import GPUS_OF_NODE, Job, peak_gpus, read_jobs
from simk8s.workload.traces.base import Imported

_TEXT = """\
# Philly: {jobs:,} jobs of {clusters} virtual clusters on {nodes:,} nodes of 8 GPUs. If every job
# started when it was submitted, they would hold {peak:,} GPUs at most; here are {gpus:,}.
# Written by `simk8s import philly`; the file is referred to, not copied.
apiVersion: simk8s/v1
name: philly
# Until the last job has ended if none waited, and a day.
duration: {duration}

nodes:
  - {{count: {nodes}, capacity: {{cpu: "64", memory: 512Gi, gpu: 8}}}}

# A job is a gang: all of its pods start, or none. The namespace is the virtual cluster.
workload:
{entries}
# Others: {{name: gang_backfill, kind: conservative, estimate: 5}}, gang_best_fit, gang_fifo, and
# {{name: kube_scheduler, featureGates: {{GangScheduling: true}}}}: each gang brings its PodGroup.
strategy: {{name: gang_backfill, kind: easy, estimate: 2}}

# How long jobs wait for their turn is the question, not how busy the control plane is.
controlPlane: {{profile: instant}}
"""
_ENTRY = """\
  - name: {name}
    namespace: {name}
    replay: {{format: philly, path: {path}, cluster: {cluster}{more}}}
"""


def write_scenario(
    jobs_path: Path,
    *,
    out: Path,
    first: date | None = None,
    last: date | None = None,
    nodes: int = 88,
    compress: float = 1.0,
) -> Imported:
    """Write the scenario file `out`; what is wrong with the input or the path is a UserError."""
    jobs = read_jobs(jobs_path, first, last)
    more = f", from: {json.dumps(str(first))}" if first is not None else ""
    more += f", until: {json.dumps(str(last))}" if last is not None else ""
    more += "" if compress == 1 else f", compress: {compress!r}"
    path = json.dumps(reference(jobs_path, out))
    busiest = Counter(job.cluster for job in jobs)
    text = _TEXT.format(
        jobs=len(jobs),
        clusters=len(busiest),
        nodes=nodes,
        gpus=nodes * GPUS_OF_NODE,
        peak=peak_gpus(jobs),
        duration=format_duration(_span_us(jobs, compress)),
        entries="".join(
            _ENTRY.format(name=f"vc-{vc}", path=path, cluster=json.dumps(vc), more=more)
            for vc, _ in sorted(busiest.items(), key=lambda item: (-item[1], item[0]))
        ),
    )
    write_text(out, text)
    return Imported(out, nodes, nodes * GPUS_OF_NODE, sum(len(job.pods) for job in jobs))


def _span_us(jobs: Sequence[Job], compress: float) -> int:
    """From the first submission until the last job ends, and a day, in whole hours."""
    start_s = jobs[0].submitted_s
    ends_s = max((j.submitted_s - start_s) / compress + j.duration_s for j in jobs)
    hours = int(ends_s // 3_600) + 25
    if hours * US_PER_HOUR > MAX_DURATION_US:
        text = f"replayed {compress!r} times as fast, the trace lasts longer than 1000 years"
        raise UserError(Problem("E401", text))
    return hours * US_PER_HOUR
