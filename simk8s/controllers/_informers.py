"""One process's informers: controllers share a cursor per log, as they share an informer there.

Law: whoever watches hears of everything committed from then on, `lag_us` after its commit, in
commit order. A log that nobody watches costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simk8s.api.watch import ChangeLog, Cursor, Verb
from simk8s.controllers._listing import Listing
from simk8s.controllers.base import Handler
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase


@dataclass(slots=True)
class _Watched:
    cursor: Cursor
    handlers: list[tuple[Handler, int]] = field(default_factory=list)

    def tune(self) -> None:
        """Wake for what any handler wants."""
        wants = 0
        for _, verbs in self.handlers:
            wants |= verbs
        self.cursor.wants = wants


class Subscriptions:
    """What one controller watches, so that all of it can end with its process."""

    def __init__(self, informers: Informers) -> None:
        self._informers = informers
        self._mine: list[tuple[ChangeLog, Handler]] = []
        self._unlisted: list[tuple[ChangeLog, Handler]] | None = None
        """While all there is has to be shown: to whom it was not yet."""

    def watch(self, log: ChangeLog, handler: Handler, verbs: Iterable[Verb] = tuple(Verb)) -> None:
        """Hand changes from now on to `handler`; it is woken for `verbs`, others come along."""
        self._informers.watch(log, handler, verbs)
        self._mine.append((log, handler))
        if self._unlisted is not None:
            self._unlisted.append((log, handler))

    def unwatch(self, log: ChangeLog, handler: Handler) -> None:
        """No more."""
        self._informers.unwatch(log, handler)
        self._mine.remove((log, handler))

    def end(self) -> None:
        """The process is dead."""
        for log, handler in self._mine:
            self._informers.unwatch(log, handler)
        self._mine.clear()

    def begin(self) -> None:
        """Another one begins to watch: what it watches is to be listed."""
        self._unlisted = []

    def list_all(self, now_us: int, listing: Listing) -> None:
        """Show each handler all there is, those too that come to watch because of it."""
        while self._unlisted:
            log, handler = self._unlisted.pop(0)
            entries = listing.of(log)
            if entries:
                handler(now_us, entries)
        self._unlisted = None


class Informers:
    """Watches of one process, read when one bell rings."""

    def __init__(self, clock: Clock, name: str, lag_us: int) -> None:
        self._bell = clock.bell(f"{name}/informers", Phase.DELIVER, self._deliver)
        self._lag_us = lag_us
        self._logs: dict[ChangeLog, _Watched] = {}
        self._all: tuple[tuple[ChangeLog, Cursor, _Watched], ...] = ()
        """The same in a row: most of them have nothing new when the bell rings."""

    def watch(self, log: ChangeLog, handler: Handler, verbs: Iterable[Verb] = tuple(Verb)) -> None:
        """Hand changes from now on to `handler`; it is woken for `verbs`, others come along."""
        watched = self._logs.get(log)
        if watched is None:
            cursor = log.subscribe(self._bell, self._lag_us, ())
            watched = self._logs[log] = _Watched(cursor)
            self._flatten()
        watched.handlers.append((handler, sum(1 << verb for verb in verbs)))
        watched.tune()

    def unwatch(self, log: ChangeLog, handler: Handler) -> None:
        """No more."""
        watched = self._logs[log]
        watched.handlers = [one for one in watched.handlers if one[0] != handler]
        watched.tune()
        if not watched.handlers:
            log.unsubscribe(watched.cursor)
            del self._logs[log]
            self._flatten()

    def _flatten(self) -> None:
        self._all = tuple((log, one.cursor, one) for log, one in self._logs.items())

    def catch_up(self, now_us: int) -> None:
        """Hear of everything that is committed, however young: the first LIST."""
        self._deliver(now_us, ahead_us=1 << 60)

    def halt(self) -> None:
        """The process is dead: nobody listens."""
        self._bell.handler = _nobody

    def resume(self, now_us: int) -> None:
        """Whoever has not died with it hears of everything that has happened."""
        self._bell.handler = self._deliver
        self._deliver(now_us, ahead_us=1 << 60)

    def _deliver(self, now_us: int, ahead_us: int = 0) -> None:
        for log, cursor, watched in self._all:
            if not cursor.pending:
                continue
            entries = cursor.drain(now_us + ahead_us)
            if entries and self._logs.get(log) is watched:
                for handler, _ in tuple(watched.handlers):
                    handler(now_us, entries)


def _nobody(now_us: int) -> None:
    """Nobody listens."""
