"""L1: what is to be said about manifests: each thing once, with its first place and a count.

Law: nothing of a manifest is dropped in silence. What would change a result is a warning (an
error with `--strict`); what has no bearing is one line for all of it (`unfelt`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from simk8s.catalog import suggest
from simk8s.errors import Problem
from simk8s.scenario import fields
from simk8s.scenario.fields import REFUSED, TOLD, UNFELT, UNKNOWN, Odd
from simk8s.scenario.found import ManifestObject
from simk8s.scenario.positions import Positions, shown
from simk8s.scenario.reading import Document


class Notes:
    """Collects over all files of a scenario."""

    def __init__(self) -> None:
        self._said: dict[object, tuple[Problem, int]] = {}
        self.unfelt: dict[str, int] = {}
        """Kinds and fields without bearing, and how often each was written."""
        self.documents: dict[Path, list[Document]] = {}
        """Files that were read, since several sections may name one."""

    def say(self, key: object, problem: Callable[[], Problem]) -> None:
        """One more of a kind of problem; only the first is worked out."""
        known = self._said.get(key)
        self._said[key] = (problem(), 1) if known is None else (known[0], known[1] + 1)

    def problems(self) -> Iterator[Problem]:
        """What was said, with counts."""
        for problem, count in self._said.values():
            more = f" (and {count - 1} more)" if count > 1 else ""
            yield replace(problem, message=problem.message + more) if more else problem

    # --- kinds

    def kind(
        self, version: str, kind: str, name: str, positions: Positions, path: fields.KeyPath
    ) -> bool:
        """Say what becomes of an object; whether it is simulated."""
        found = fields.kinds()
        line = found.get((version, kind))
        if line is None and not version and (known := fields.versions(kind)):
            line = found[known[0], kind]
        if line is not None and line.mark == UNFELT:
            self.unfelt[kind] = self.unfelt.get(kind, 0) + 1
            return False
        if line is not None and line.mark not in (REFUSED, TOLD):
            return True

        def problem() -> Problem:
            code, text, hint = _words(version, kind, name, line)
            at = positions.place((*path, "kind"))
            return Problem(code, text, at, hint, severity="warning")

        self.say((version, kind), problem)
        return False

    # --- fields

    def fields(
        self, data: dict[str, object], kind: str, path: fields.KeyPath, positions: Positions
    ) -> None:
        """Say which fields of an object are not modelled."""
        for odd in fields.odd(data, kind):
            if odd.line.mark == UNFELT:
                name = _dotted(odd)
                self.unfelt[name] = self.unfelt.get(name, 0) + 1
                continue

            def problem(odd: Odd = odd) -> Problem:
                where = positions.place((*path, *odd.path), key=True)
                code, text, hint = _field(odd)
                return Problem(code, text, where, hint, severity="warning")

            self.say((odd.owner, odd.path[-1]), problem)

    # --- what belongs together

    def absent(self, objects: Iterable[ManifestObject], namespace: str) -> None:
        """Say which ConfigMaps, Secrets and claims are needed and not there."""
        from simk8s.scenario.needs import missing

        for item, kind, name in missing(objects, namespace):
            if item.live:  # its pods have what they need, whether it was dumped or not
                continue

            def problem(item: ManifestObject = item, kind: str = kind, name: str = name) -> Problem:
                text = f"{item.kind} {item.name!r} needs the {kind} {name!r}, which no manifest has"
                hint = "its pods do not start until it exists"
                return Problem("W133", text, item.place, hint, severity="warning")

            self.say((kind, name), problem)

    def nodes(
        self, known: Iterable[ManifestObject], mentioned: Iterable[ManifestObject]
    ) -> Iterator[Problem]:
        """Nodes that are there twice; say which are only mentioned, among workloads."""
        first: dict[str, ManifestObject] = {}
        for one in known:
            if first.setdefault(one.name, one) is not one:
                text = f"the node {one.name!r} is also in {first[one.name].place}"
                yield Problem("E304", text, one.place)
        for one in mentioned:
            if one.kind == "Node" and one.name not in first:

                def problem(one: ManifestObject = one) -> Problem:
                    text = f"Node {one.name!r} is no node of the simulation"
                    hint = "name its file below nodes: [{manifests: [...]}]"
                    return Problem("W135", text, one.place, hint, severity="warning")

                self.say("nodes", problem)


def _words(version: str, kind: str, name: str, line: fields.Line | None) -> tuple[str, str, str]:
    """(code, text, hint) of an object that is left out."""
    what = f"{kind} {name!r}"
    if line is not None and line.mark == TOLD:
        return "W104", f"{what} has no effect: {line.why}", "docs/kinds.md lists all kinds"
    if line is not None:
        text = f"{what} is of {version}, which Kubernetes v1.36 does not serve; it is left out"
        return "W131", text, f"{line.why}"
    known = fields.versions(kind)
    text = f"{what} is not simulated and is left out"
    if known:
        return "W104", text, f"simulated is {kind} of {known[0]}"
    simulated = [name for (_, name), one in fields.kinds().items() if one.mark == fields.MODELLED]
    near = suggest(kind, [name for _, name in fields.kinds()])
    hint = f"did you mean {near!r}?" if near else f"simulated are {', '.join(simulated)}"
    return "W104", text, hint


def _field(odd: Odd) -> tuple[str, str, str | None]:
    """(code, text, hint) of a field."""
    if odd.line.mark == UNKNOWN:
        near = suggest(str(odd.path[-1]), list(fields.types()[odd.owner]))
        hint = f"did you mean {near!r}?" if near else "Kubernetes has no such field"
        return "W132", f"unknown key {odd.path[-1]!r} in {_place_of(odd)}", hint
    return "W105", f"{shown(odd.path)} has no effect: {odd.line.why}", None


def _place_of(odd: Odd) -> str:
    return shown(odd.path[:-1]) or odd.owner


def _dotted(odd: Odd) -> str:
    """A field by the type that it is of: `Container.command`."""
    return f"{odd.owner}.{odd.path[-1]}"
