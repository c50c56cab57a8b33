"""L5: the entry point: every way a command can end has its exit code here.

Law: 0 done; 1 results differ, a threshold was missed or an audit failed; 2 the user's input (with
every problem, never a traceback); 70 our own mistake (a banner that says how to see it again); 130
interrupted.
Everything else is imported inside, so that Ctrl-C is answered well from the start.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

OK, FAILED, USER, CRASH, INTERRUPTED = 0, 1, 2, 70, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        return _guarded(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _guarded(arguments: list[str]) -> int:
    # Plugins of pydantic watch validation; to look for them takes longer than many a command.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from simk8s.cli import crash, say
    from simk8s.cli.app import app
    from simk8s.errors import Problem, UserError

    try:
        app(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else FAILED
    except UserError as error:
        say.problems(error.problems)
        return USER
    except OSError as error:
        if not crash.is_of_the_users_files(error):
            crash.banner(error)
            return CRASH
        say.problems([Problem("E402", f"{error.filename}: {error.strerror}")])
        return USER
    except Exception as error:
        crash.banner(error)
        return CRASH
    return OK


def run() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        # Names from input may hold what a terminal's encoding does not have.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    code = main()
    gc.freeze()  # or the interpreter looks for garbage once more: a fifth of a short command
    sys.exit(code)
