"""From openb CSV files to a scenario that refers to them.

Law: both files are read and checked before anything is written; the scenario holds paths, no data.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

from simk8s.errors import Problem, UserError
from simk8s.units import MAX_DURATION_US, US_PER_MINUTE, format_duration
from simk8s.workload.traces.base import Imported
from simk8s.workload.traces.openb import Mode, Openb, Params, read_pods

_MAX_UP = 3
_SETTLE_US = 10 * US_PER_MINUTE

_TEXT = """\
# Alibaba's GPU cluster trace of 2023 (openb): {nodes:,} nodes with {gpus:,} GPUs, {pods:,} pods.
# Written by `simk8s import openb`; the CSV files are referred to, not copied.
apiVersion: simk8s/v1
name: openb-{mode}
seed: {seed}
# {why}
duration: {duration}

nodes:
  # Capacity in the file is what pods may use: nothing is reserved.
  - {{csv: {node_path}, format: openb{only}}}

workload:
  # {how}
  - name: openb
    replay: {{format: openb, path: {pod_path}, mode: {mode}{more}}}

# Other strategies: simk8s compare FILE --strategies kube_scheduler,best_fit,first_fit,cp_sat
strategy: kube_scheduler
"""


def write_scenario(
    nodes: Path,
    pods: Path,
    *,
    mode: Mode = "pack",
    compress: float = 250.0,
    gpu_nodes_only: bool = False,
    shuffle: bool = False,
    seed: int = 0,
    out: Path,
) -> Imported:
    """Write the scenario file `out`; what is wrong with the input or the path is a UserError."""
    only = "gpu" if gpu_nodes_only else None
    machines = Openb.nodes(nodes, only)
    if not machines:
        raise UserError(Problem("E306", f"no node with GPUs in {nodes}"))
    found = read_pods(pods, timed=mode == "replay")
    gpus = sum(node.gpu_count for node in machines)
    span_us = _span_us(found.created_s, mode, compress)
    text = _TEXT.format(
        nodes=len(machines),
        gpus=gpus,
        pods=len(found.names),
        mode=mode,
        seed=seed,
        duration=format_duration(_whole_minutes(span_us)),
        why=_WHY[mode],
        how=_HOW[mode, shuffle],
        node_path=json.dumps(reference(nodes, out)),
        pod_path=json.dumps(reference(pods, out)),
        only=", only: gpu" if only else "",
        more=f", compress: {compress!r}" if mode == "replay" else _shuffle(shuffle),
    )
    write_text(out, text)
    return Imported(out, len(machines), gpus, len(found.names))


_WHY = {
    "pack": "One pod every 100 ms, and ten minutes to settle.",
    "replay": "First to last creation, compressed, and ten minutes to settle.",
}
_HOW = {
    ("pack", False): "In file order, nothing departs, what does not fit is dropped.",
    ("pack", True): "Shuffled by the seed, nothing departs, what does not fit is dropped.",
    (
        "replay",
        False,
    ): "Arrivals `compress` times as fast as recorded; pods stay as long as they did.",
    (
        "replay",
        True,
    ): "Arrivals `compress` times as fast as recorded; pods stay as long as they did.",
}


def _shuffle(shuffle: bool) -> str:
    return ", shuffle: true" if shuffle else ""


def _span_us(created_s: list[int], mode: Mode, compress: float) -> int:
    if mode == "pack":
        return len(created_s) * int(Params(path="").interval)
    span_us = math.ceil((max(created_s) - min(created_s)) * 1_000_000 / compress)
    if span_us + 2 * _SETTLE_US > MAX_DURATION_US:
        text = f"replayed {compress!r} times as fast, the trace lasts longer than 1000 years"
        raise UserError(Problem("E401", text, hint="compress 250 makes 149 days half a day"))
    return span_us


def _whole_minutes(span_us: int) -> int:
    return -(-(span_us + _SETTLE_US) // US_PER_MINUTE) * US_PER_MINUTE


def reference(target: Path, out: Path) -> str:
    """Relative to the scenario where the two are near each other, absolute otherwise."""
    absolute, folder = target.resolve(), out.resolve().parent
    shared = Path(os.path.commonpath([absolute, folder]))
    climbs = len(folder.relative_to(shared).parts)
    if shared == shared.parent or climbs > _MAX_UP:
        return absolute.as_posix()
    return Path(os.path.relpath(absolute, folder)).as_posix()


def write_text(out: Path, text: str) -> None:
    """The scenario file."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(Problem("E402", f"{out} cannot be written: {error.strerror}")) from error
