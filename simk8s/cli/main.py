"""L5: the app and its entry point: every way a command can end has its exit code here.

Law: 0 done; 1 results differ or an audit failed; 2 the user's input (with every problem, never a
traceback); 70 our own mistake (a banner that says how to see it again); 130 interrupted.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from simk8s import __version__
from simk8s.cli import compare, crash, importing, new, render, say, schema, validate
from simk8s.cli import run as running
from simk8s.errors import Problem, UserError

OK, FAILED, USER, CRASH, INTERRUPTED = 0, 1, 2, 70, 130

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
app.command("render")(render.command)
app.command("validate")(validate.command)
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        app(list(arguments) if arguments is not None else None)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else FAILED
    except UserError as error:
        say.problems(error.problems)
        return USER
    except KeyboardInterrupt:
        say.line("interrupted")
        return INTERRUPTED
    except OSError as error:
        if not crash.is_of_the_users_files(error):
            return _crashed(error)
        say.problems([Problem("E402", f"{error.filename}: {error.strerror}")])
        return USER
    except Exception as error:
        return _crashed(error)
    return OK


def _crashed(error: Exception) -> int:
    crash.banner(error)
    return CRASH


def run() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        # Names from input may hold what a terminal's encoding does not have.
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main())
