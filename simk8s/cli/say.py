"""L5: how problems and notes are printed: to stderr, one line each, hints indented.

Law: results go to stdout, everything said about them to stderr; control characters from input
never reach a terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from simk8s.errors import Problem

_RED, _YELLOW, _DIM, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"


def printable(text: str) -> str:
    """Without control characters (a name may hold an escape sequence)."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def line(text: str) -> None:
    """A note on stderr."""
    print(printable(text), file=sys.stderr)


def problems(found: Iterable[Problem]) -> None:
    """Each problem as `file:line:column: CODE message`, its hint below."""
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    for problem in found:
        text = printable(str(problem).replace("\n", " "))
        if colour:
            shade = _RED if problem.severity == "error" else _YELLOW
            text = text.replace(problem.code, f"{shade}{problem.code}{_PLAIN}", 1)
        print(text, file=sys.stderr)
        if problem.hint:
            hint = printable(problem.hint.replace("\n", " "))
            print(f"    {_DIM}{hint}{_PLAIN}" if colour else f"    {hint}", file=sys.stderr)
