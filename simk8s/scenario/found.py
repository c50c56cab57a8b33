"""L1: manifest files of a scenario, and an object that was found in one.

A name is a file, a folder (its YAML and JSON files, at any depth) or a pattern (`*`, `?`, `[…]`,
`**`).

Law: light, since every scenario is checked with it; reading manifests (`manifests.py`) is for
scenarios that name some.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simk8s.catalog import suggest
from simk8s.errors import Place
from simk8s.scenario.positions import Path as KeyPath
from simk8s.scenario.positions import Positions


@dataclass(frozen=True, slots=True)
class ManifestObject:
    """One object of a manifest: its spec, the template of its pods, and where both are written.

    An object without pods has an empty template; but for pod groups it is its own spec, whole.
    """

    kind: str
    name: str
    namespace: str | None
    spec: dict[str, Any]
    template: dict[str, Any]
    place: Place
    positions: Positions
    template_path: KeyPath
    raw: dict[str, Any] = field(default_factory=dict)
    """The whole object."""

    @property
    def owner(self) -> tuple[str, str] | None:
        """(kind, name) of the controller that it belongs to."""
        owners = (self.raw.get("metadata") or {}).get("ownerReferences") or ()
        return next(((str(o["kind"]), str(o["name"])) for o in owners if o.get("controller")), None)

    @property
    def live(self) -> bool:
        """Whether a server has printed it: it exists already."""
        return bool((self.raw.get("metadata") or {}).get("uid"))


SUFFIXES = (".yaml", ".yml", ".json", ".jsonl")


def find_files(base: Path, name: str) -> list[Path]:
    """What a name means, sorted."""
    path = base / name
    if path.is_dir():
        return _readable(path.rglob("*"))
    if path.is_file():
        return [path]
    if any(letter in name for letter in "*?["):
        root = Path(path.anchor) if path.is_absolute() else Path()
        matches = root.glob(str(path.relative_to(path.anchor) if path.is_absolute() else path))
        return _readable(matches)
    return []


def _readable(paths: Iterable[Path]) -> list[Path]:
    return sorted({path for path in paths if path.suffix in SUFFIXES and path.is_file()})


def near_file(base: Path, name: str) -> str | None:
    """Did you mean? A file beside where the missing one should be."""
    path = base / name
    try:
        beside = [p.name for p in path.parent.iterdir()]
    except OSError:
        return None
    near = suggest(path.name, beside)
    return str(Path(name).parent / near) if near else None
