"""The ControllerRevisions of StatefulSets or DaemonSets.

Law: a template that an owner has had before is its old revision with a new number, never a second
one; a revision that pods have, or that status names, is not deleted.

Mirrors: pkg/controller/history and the revision parts of statefulset and daemon, v1.36. Departs:
no hash collisions.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from simk8s.api.objects import ObjectTable
from simk8s.api.watch import Entry, Verb
from simk8s.controllers.base import Context, Write
from simk8s.state.makers import REVISION_LABEL, REVISIONS, Revision
from simk8s.state.shapes import PodTemplate

Steps = Generator[Sequence[Write], list[Any], list[Revision] | None]


class Revisions:
    """Those of all owners of one kind (the name of its table)."""

    def __init__(self, context: Context, kind: str) -> None:
        self._kind = kind
        self._table: ObjectTable[Revision] = context.store.objects(REVISIONS)
        self._of: dict[str, dict[str, None]] = {}
        context.watches.watch(self._table.log, self._hear, (Verb.ADDED, Verb.DELETED))
        for name in list(self._table.keys()):
            self._know(name)

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, name in entries:
            if verb is Verb.ADDED:
                self._know(name)

    def _know(self, name: str) -> None:
        stored = self._table.get(name)
        if stored is not None:
            kind, _, key = stored.value.owner.partition(" ")
            if kind == self._kind:
                self._of.setdefault(key, {})[name] = None

    def of(self, key: str) -> list[Revision]:
        """The revisions of an owner, the oldest first."""
        names = self._of.get(key, {})
        found = [(name, self._table.get(name)) for name in tuple(names)]
        for name, stored in found:
            if stored is None:
                del names[name]
        return sorted((s.value for _, s in found if s is not None), key=lambda r: r.number)

    def sync(self, key: str, letters: str, template: Mapping[str, Any]) -> Steps:
        """See to it that the last revision is that of this template; None if refused."""
        known = self.of(key)
        if known and known[-1].letters == letters:
            return known
        number = 1 + (known[-1].number if known else 0)
        name = f"{key}-{letters}"
        stored = self._table.get(name) if any(r.letters == letters for r in known) else None
        if stored is not None:
            fresh = replace(stored.value, number=number)
            (written,) = yield [Write(self._table.update, (name, fresh, stored.version))]
        else:
            fresh = Revision(f"{self._kind} {key}", letters, number, template)
            (written,) = yield [Write(self._table.create, (name, fresh))]
        if not written:
            return None
        self._know(name)
        return self.of(key)

    def truncate(
        self, key: str, used: Collection[str], limit: int
    ) -> Generator[Sequence[Write], list[Any], None]:
        """Delete the oldest revisions beyond the limit of those that nothing is made of."""
        spare = [revision for revision in self.of(key) if revision.letters not in used]
        for revision in spare[: max(0, len(spare) - limit)]:
            yield [Write(self._table.delete, (f"{key}-{revision.letters}",))]


def revision_of(template: PodTemplate) -> str:
    """The hash of the revision that a pod was made from."""
    return template.labels.get(REVISION_LABEL, "")
