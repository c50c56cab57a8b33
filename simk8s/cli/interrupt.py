"""L5: Ctrl-C: the first asks the simulation to end well, the second ends the process.

Law: the handler only sets a flag; whoever simulates looks at it between instants, seals the tables
and says `interrupted` in the manifest.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_WORDS = b"\nstopping, results so far are kept (again to give up)\n"


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """A flag that the first SIGINT or SIGTERM sets, for as long as the block runs."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, _WORDS)

    before = {s: signal.signal(s, on_signal) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
