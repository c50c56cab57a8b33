"""L5: `simk8s import SOURCE`: from a recorded trace or a dump of a live cluster to a scenario that
refers to its files.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from simk8s.cli import options, say
from simk8s.errors import Problem, UserError

app = typer.Typer(
    name="import",
    help="Make a scenario from a recorded trace or a live cluster.",
    no_args_is_help=True,
    add_completion=False,
)


class Mode(StrEnum):
    """What is kept of a trace."""

    PACK = "pack"
    REPLAY = "replay"


@app.callback()
def _group() -> None:
    """Make a scenario from a recorded trace or a live cluster."""


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


@app.command("lanl")
def lanl(
    failures: Annotated[Path, typer.Argument(help="The failure list, .csv, .csv.gz or .csv.xz.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The scenario to write.")],
    systems: Annotated[
        str, typer.Option(metavar="18,19,20", help="Which systems of the file; default: all.")
    ] = "",
    onto: Annotated[
        Path | None, typer.Option(help="The scenario to lay the failures over; default: a starter.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=1e-3, max=1e6, help="Let nodes fail so many times as often.")
    ] = 1.0,
) -> None:
    """Node failures of Los Alamos, 1996-2005: fitted distributions, a page, a scenario."""
    from simk8s.cli import fitting

    try:
        chosen = sorted({int(part) for part in systems.split(",") if part.strip()})
    except ValueError:
        hint = "write them as 18,19,20"
        raise UserError(
            Problem("E401", f"--systems {systems!r} are no numbers", hint=hint)
        ) from None
    fitting.run(failures, chosen, onto, speed, out)


@app.command("cluster")
def cluster(
    dumps: Annotated[
        list[Path],
        typer.Argument(help="What `kubectl get -A -o json|yaml` printed: files or folders."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The scenario to write.")],
    name: Annotated[str, typer.Option(help="The scenario's name.")] = "cluster",
    duration: Annotated[str, typer.Option(help="How long it is simulated.")] = "1h",
    strict: options.Strict = False,
) -> None:
    """Start from today's cluster: its nodes, what runs on them and what owns it."""
    from simk8s.scenario.clusterdump import described, scenario_of

    found = scenario_of(dumps, out, name, duration)
    say.problems(options.strictly(found.problems, strict))
    options.tell_unfelt(found.unfelt)
    options.write_text(out, found.text)
    options.load_scenario(out)
    print(say.printable(f"{out} written: {described(found.counts)}"))
    print(say.printable(f"run it with: simk8s run {out}"))


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


@app.command("philly")
def philly(
    jobs: Annotated[Path, typer.Argument(help="The job list, .csv or .csv.gz.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The scenario to write.")],
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Jobs submitted on this day or later."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="Jobs submitted on this day or before."),
    ] = None,
    nodes: Annotated[int, typer.Option(min=1, max=100_000, help="Nodes of 8 GPUs.")] = 88,
    compress: Annotated[
        float, typer.Option(min=1e-6, help="Let jobs be submitted so many times as often.")
    ] = 1.0,
) -> None:
    """Microsoft's Philly trace of 2017: gangs of GPU jobs in virtual clusters."""
    from simk8s.workload.traces._philly_scenario import write_scenario

    write_scenario(
        jobs,
        out=out,
        first=first and first.date(),
        last=last and last.date(),
        nodes=nodes,
        compress=compress,
    )
    print(f"{out} written; run it with: simk8s run {out}")
