"""L5: a scenario as a value: read, written in Python, changed, always as a new one.

Law: a scenario is the text of a file and a list of changes to it, nothing else: what it means is
decided by the one schema and the one loader, so a run from Python is the run of the command line.
A scenario is checked where it is read or written, and again before it is simulated; a change is
looked at when it is made (does its path lead anywhere?), and checked with the rest.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from simk8s.python.plain import Classes, Duration, camel, duration, plain
from simk8s.python.verbs import Moment
from simk8s.scenario import overrides as changes
from simk8s.scenario.reading import read_document, read_text
from simk8s.scenario.schema import API_VERSION
from simk8s.scenario.writing import dump

if TYPE_CHECKING:
    from simk8s.errors import Problem
    from simk8s.scenario.load import Loaded
    from simk8s.scenario.overrides import Override

Section: TypeAlias = Mapping[str, Any]
AnyPath: TypeAlias = str | PathLike[str]
Named: TypeAlias = str | type | Section
"""An extension: its name, a file, a class, or a mapping with its parameters."""
_WRITTEN_HERE = "python.yaml"
"""What messages call a scenario without a file; lines are those of `to_yaml()`."""


class Scenario:
    """What is simulated. Values are written as in a scenario file: `"1h"`, `"500m"`, `"2Gi"`."""

    def __init__(
        self,
        *,
        name: str,
        duration: Duration,
        nodes: Sequence[Section] = (),
        workload: Sequence[Section] = (),
        seed: int | None = None,
        strategy: Named | None = None,
        faults: Sequence[str | type | Section] = (),
        controllers: Mapping[str, Named] | None = None,
        control_plane: Section | None = None,
        behaviour: Sequence[Section] = (),
        base: AnyPath = ".",
        **sections: Any,
    ) -> None:
        """Further sections by their names in a file, or with underscores: `images=`, `variants=`.

        Paths in it are relative to `base`.
        """
        given: dict[str, Any] = {
            "apiVersion": API_VERSION,
            "name": name,
            "seed": seed,
            "duration": duration,
            "nodes": nodes,
            "workload": workload,
            "strategy": strategy,
            "faults": faults or None,
            "controllers": controllers,
            "controlPlane": control_plane,
            "behaviour": behaviour or None,
            **{camel(key): value for key, value in sections.items()},
        }
        classes: Classes = {}
        data = {
            key: plain(value, classes, key) for key, value in given.items() if value is not None
        }
        self._set(Path(base) / _WRITTEN_HERE, dump(data), (), classes)
        self.check()

    def _set(
        self, source: Path, text: str, made: tuple[Override, ...], classes: Mapping[str, type]
    ) -> None:
        self._source, self._text, self._changes = source, text, made
        self._classes = dict(classes)

    @classmethod
    def _of(
        cls,
        source: Path,
        text: str,
        made: tuple[Override, ...] = (),
        classes: Mapping[str, type] | None = None,
    ) -> Scenario:
        found = cls.__new__(cls)
        found._set(source, text, made, classes or {})
        return found

    # --- reading

    @classmethod
    def load(cls, path: AnyPath) -> Scenario:
        """Read a scenario file; `UserError` with everything that is wrong with it."""
        source = Path(path)
        return cls._of(source, read_text(source)).check()

    @classmethod
    def parse(cls, text: str | Section, *, base: AnyPath = ".") -> Scenario:
        """A scenario from YAML, or from the same as mappings; paths are relative to `base`."""
        classes: Classes = {}
        written = text if isinstance(text, str) else dump(plain(text, classes, "scenario"))
        return cls._of(Path(base) / _WRITTEN_HERE, written, (), classes).check()

    # --- changing

    def set(self, path: str | Mapping[str, Any], value: Any = None) -> Scenario:
        """With other values at paths as `--set` takes them: `set("nodes.0.count", 50)`, or
        several at once, `set({"nodes.0.count": 50, "workload.web.lifetime": "5m"})`.
        """
        classes = dict(self._classes)
        wanted = {path: value} if isinstance(path, str) else path
        more = [(key, changes.as_text(plain(v, classes, key))) for key, v in wanted.items()]
        document = read_document(self._text, str(self._source))
        made = (*self._changes, *more)
        changes.apply(document.data, document.positions, made)
        return self._of(self._source, self._text, made, classes)

    def with_(self, **sections: Any) -> Scenario:
        """With whole sections replaced: `with_(seed=3, strategy="most_allocated")`."""
        return self.set({camel(key): value for key, value in sections.items()})

    def at(self, time: Duration, *, name: str | None = None) -> Moment:
        """Something that is done once: `at("1h").scale("deployment/web", replicas=10)`."""
        return self._moment({"name": name, "at": time})

    def every(
        self,
        interval: Duration,
        *,
        start: Duration | None = None,
        until: Duration | None = None,
        times: int | None = None,
        name: str | None = None,
    ) -> Moment:
        """Something that is done again and again, for the first time at `start`."""
        return self._moment(
            {"name": name, "every": interval, "from": start, "until": until, "times": times}
        )

    def _moment(self, when: Mapping[str, Any]) -> Moment:
        given = {
            key: value if key in ("name", "times") else duration(value)
            for key, value in when.items()
            if value is not None
        }
        return Moment(given, self._with_entry)

    def _with_entry(self, entry: Mapping[str, Any]) -> Scenario:
        there = isinstance(self.data.get("timeline"), list)
        return self.set("timeline[+]" if there else "timeline", entry if there else [entry])

    # --- what it is

    @cached_property
    def _plain(self) -> dict[str, Any]:
        document = read_document(self._text, str(self._source))
        found: dict[str, Any] = changes.apply(document.data, document.positions, self._changes)
        return found

    @property
    def data(self) -> dict[str, Any]:
        """A copy of it as mappings, as a file would be read."""
        return copy.deepcopy(self._plain)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self._plain.get("name", ""))

    @property
    def base(self) -> Path:
        """What paths in it are relative to."""
        return self._source.parent

    def to_yaml(self) -> str:
        """As a file; unchanged if it was read from one."""
        return dump(self._plain) if self._changes else self._text

    def save(self, path: AnyPath) -> Path:
        """Write the file."""
        target = Path(path)
        target.write_text(self.to_yaml(), encoding="utf-8")
        return target

    def check(self) -> Scenario:
        """This scenario, if it can be simulated; `UserError` with all that is wrong with it."""
        assert self._loaded is not None
        return self

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is probably not meant."""
        return self._loaded.problems

    @property
    def hash(self) -> str:
        """Of everything that shapes a run: it and the files that it names."""
        return self._loaded.hash

    @cached_property
    def _loaded(self) -> Loaded:
        from simk8s.nodes.knowledge import machines
        from simk8s.python.own import OwnCatalog
        from simk8s.scenario.load import load

        return load(
            self._source,
            catalog=OwnCatalog(self.base, self._classes),
            knowledge=machines(),
            overrides=self._changes,
            text=self._text,
        )

    def _knowing(self, classes: Mapping[str, type]) -> Scenario:
        """The same, with further classes at hand."""
        if classes == self._classes:
            return self
        return self._of(self._source, self._text, self._changes, classes)

    def _beyond(self, other: Scenario) -> tuple[Override, ...] | None:
        """The changes that make it from another one; None if it is not made from that."""
        same = (self._source, self._text) == (other._source, other._text)
        count = len(other._changes)
        if not same or self._changes[:count] != other._changes:
            return None
        return self._changes[count:]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scenario):
            return NotImplemented
        mine, its = (self._plain, self._classes), (other._plain, other._classes)
        return self.base == other.base and mine == its

    def __hash__(self) -> int:
        return hash(json.dumps(self._plain, sort_keys=True))

    def __repr__(self) -> str:
        sections = (f"{len(self._plain.get(s) or ())} {s}" for s in ("nodes", "workload"))
        return f"<Scenario {self.name!r}: {', '.join(sections)}>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.to_yaml())}</pre>"
