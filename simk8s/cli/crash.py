"""L5: our own mistakes: a banner with what is needed to see the mistake again.

Law: the banner names the error, the place in simk8s, seed, scenario hash, simulated time and the
command; the traceback follows, since now it is of use.
"""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from simk8s.units import format_duration

_USERS = (errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EROFS, errno.EISDIR, errno.ENOTDIR)


@dataclass
class Doing:
    """What this process is busy with; commands fill it in as they learn it."""

    command: str = ""
    scenario: str = ""
    hash: str = ""
    seed: int | None = None
    simulated_us: Callable[[], int | None] = lambda: None


doing = Doing()


def is_of_the_users_files(error: OSError) -> bool:
    """A full disk or a folder without permission is not a crash."""
    return error.errno in _USERS and error.filename is not None


def banner(error: Exception) -> None:
    """Print the banner and the traceback to stderr."""
    rows = [("what", f"{type(error).__name__}: {error}"), ("where", _where(error))]
    if doing.scenario:
        rows.append(("scenario", f"{doing.scenario} (hash {doing.hash})"))
    if doing.seed is not None:
        rows.append(("seed", str(doing.seed)))
    at_us = getattr(error, "simulated_us", None)
    at_us = doing.simulated_us() if at_us is None else at_us
    if at_us is not None:
        rows.append(("simulated", format_duration(at_us)))
    rows.append(("again with", doing.command or " ".join(["simk8s", *sys.argv[1:]])))
    print("simk8s has crashed: this is our mistake, not yours.", file=sys.stderr)
    for name, text in rows:
        print(f"  {name + ':':<12}{text}", file=sys.stderr)
    print("Please report it with the lines above and below.\n", file=sys.stderr)
    traceback.print_exception(error, file=sys.stderr)


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "unknown"
    return f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}"
