"""L5: the app: every command under its name. Imported once the entry point stands guard.

Law: a command is a function in a module of this folder, and only the one that is asked for is
imported and built: what the others need is none of its business.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from simk8s import __version__

# In the order of the help; a group of commands is a `typer.Typer`.
COMMANDS = {
    "run": "run:command",
    "compare": "compare:command",
    "survive": "survive:command",
    "render": "render:command",
    "validate": "validate:command",
    "conformance": "conformance:command",
    "replay-recording": "replay_recording:command",
    "check-strategy": "checking:strategy",
    "check-controller": "checking:controller",
    "explain": "explain:command",
    "schema": "schema:command",
    "new": "new:command",
    "import": "importing:app",
}


class Commands(TyperGroup):
    """Makes commands when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # did you mean
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"simk8s.cli.{module}"), name)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False)
            single.command(cmd_name)(found)
            found = single
        return typer.main.get_command(found)


app = typer.Typer(
    name="simk8s",
    cls=Commands,
    help="Simulate a Kubernetes cluster and see what happens.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
