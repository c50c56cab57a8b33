"""From the folder of the SURF Lisa trace to a scenario that refers to its files.

Law: hosts and tasks are read and checked before anything is written; the scenario holds paths, no
data.
"""

from __future__ import annotations

import json
from pathlib import Path

from simk8s.errors import Problem, UserError
from simk8s.units import US_PER_HOUR, format_duration
from simk8s.workload.traces._openb_scenario import reference, write_text
from simk8s.workload.traces.base import Imported
from simk8s.workload.traces.surf_lisa import SurfLisa, read_tasks

_TEXT = """\
# A week of SURF's Lisa cluster: {pods:,} tasks on {nodes:,} nodes, with their CPU usage every 30 s.
# Written by `simk8s import surf-lisa`; the files are referred to, not copied.
apiVersion: simk8s/v1
name: surf-lisa
# Until the last task has ended as it did in the trace.
duration: {duration}

nodes:
  - {{csv: {hosts}, format: surf_lisa}}

workload:
  # Every task asks for a whole node.
  - name: surf
    replay: {{format: surf_lisa, path: {tasks}{more}}}

behaviour:
  - selector: {{matchLabels: {{app: surf}}}}
    usage: {{cpu: {{replay: {{format: surf_lisa, path: {fragments}}}}}}}
"""


def write_scenario(folder: Path, *, out: Path, compress: float = 1.0) -> Imported:
    """Write the scenario file `out`; what is wrong with the input or the path is a UserError."""
    tasks_path, hosts_path = _one(folder, "tasks.parquet"), _one(folder, "topology*.json")
    fragments = tasks_path.with_name("fragments.parquet")
    if not fragments.is_file():
        raise UserError(Problem("E303", f"the file {fragments} does not exist"))
    hosts, tasks = SurfLisa.nodes(hosts_path), read_tasks(tasks_path)
    since = tasks["submission_time"] - tasks["submission_time"].min()
    ended = (since / compress + tasks["duration"]).max()
    assert isinstance(ended, (int, float)), "there are tasks"
    span_us = -(-int(ended * 1_000) // US_PER_HOUR) * US_PER_HOUR
    text = _TEXT.format(
        pods=tasks.height,
        nodes=len(hosts),
        duration=format_duration(span_us),
        hosts=json.dumps(reference(hosts_path, out)),
        tasks=json.dumps(reference(tasks_path, out)),
        fragments=json.dumps(reference(fragments, out)),
        more="" if compress == 1 else f", compress: {compress!r}",
    )
    write_text(out, text)
    return Imported(out, len(hosts), 0, tasks.height)


def _one(folder: Path, pattern: str) -> Path:
    """The file in a folder, or in a folder of it."""
    found = sorted([*folder.glob(pattern), *folder.glob(f"*/{pattern}")])
    if not found:
        hint = "name the folder with topology_surf.json and surf_week/"
        raise UserError(Problem("E303", f"no {pattern} in {folder}", hint=hint))
    return found[0]
