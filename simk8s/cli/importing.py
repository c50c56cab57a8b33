"""L5: `simk8s import SOURCE`: recorded traces become scenarios that refer to their files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Make a scenario from a recorded trace.", no_args_is_help=True)


class Mode(StrEnum):
    """What is kept of a trace."""

    PACK = "pack"
    REPLAY = "replay"


@app.callback()
def _group() -> None:
    """Make a scenario from a recorded trace."""


@app.command("openb")
def openb(
    nodes: Annotated[Path, typer.Option(help="The node list, .csv or .csv.gz.")],
    pods: Annotated[Path, typer.Option(help="The pod list, .csv or .csv.gz.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The scenario to write.")],
    mode: Annotated[
        Mode, typer.Option(help="pack: fill the cluster; replay: with times.")
    ] = Mode.PACK,
    compress: Annotated[
        float, typer.Option(min=1e-6, help="Replay: let pods arrive so many times as often.")
    ] = 250.0,
    gpu_nodes_only: Annotated[
        bool, typer.Option("--gpu-nodes-only", help="Leave nodes without GPUs out.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Shuffle the pods of a pack by this seed.")
    ] = None,
    shuffle: Annotated[
        bool | None, typer.Option("--shuffle/--no-shuffle", help="Default: when a seed is given.")
    ] = None,
) -> None:
    """Alibaba's GPU cluster trace of 2023 (cluster-trace-gpu-v2023)."""
    from simk8s.workload.traces._openb_scenario import write_scenario

    shuffled = (seed is not None) if shuffle is None else shuffle
    write_scenario(
        nodes,
        pods,
        mode=mode.value,
        compress=compress,
        gpu_nodes_only=gpu_nodes_only,
        shuffle=shuffled and mode is Mode.PACK,
        seed=seed or 0,
        out=out,
    )
    print(f"{out} written; run it with: simk8s run {out}")


@app.command("surf-lisa")
def surf_lisa(
    folder: Annotated[Path, typer.Argument(help="The folder with topology_surf.json.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The scenario to write.")],
    compress: Annotated[
        float, typer.Option(min=1e-6, help="Let tasks be submitted so many times as often.")
    ] = 1.0,
) -> None:
    """A week of SURF's Lisa cluster (HPC), with the CPU usage of every task."""
    from simk8s.workload.traces._surf_lisa_scenario import write_scenario

    write_scenario(folder, out=out, compress=compress)
    print(f"{out} written; run it with: simk8s run {out}")
