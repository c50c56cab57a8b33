"""L5: the app: every command under its name. Imported once the entry point stands guard."""

from __future__ import annotations

from typing import Annotated

import typer

from simk8s import __version__
from simk8s.cli import (
    checking,
    compare,
    conformance,
    explain,
    importing,
    new,
    render,
    replay_recording,
    schema,
    survive,
    validate,
)
from simk8s.cli import run as running

app = typer.Typer(
    name="simk8s",
    help="Simulate a Kubernetes cluster and see what happens.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(running.command)
app.command("compare")(compare.command)
app.command("survive")(survive.command)
app.command("render")(render.command)
app.command("validate")(validate.command)
app.command("conformance")(conformance.command)
app.command("replay-recording")(replay_recording.command)
app.command("check-strategy")(checking.strategy)
app.command("check-controller")(checking.controller)
app.command("explain")(explain.command)
app.command("schema")(schema.command)
app.command("new")(new.command)
app.add_typer(importing.app, name="import")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"simk8s {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Simulate a Kubernetes cluster and see what happens."""
