"""L1: manifest files of a scenario, and an object that was found in one.

Law: light, since every scenario is checked with it; reading manifests (`manifests.py`) is for
scenarios that name some.
"""

from __future__ import annotations

from dataclasses import dataclass
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


def find_files(base: Path, name: str) -> list[Path]:
    """A file, every YAML file below a folder, or what a pattern matches, sorted."""
    path = base / name
    if path.is_dir():
        found = [p for p in path.rglob("*") if p.suffix in (".yaml", ".yml", ".json")]
        return sorted(p for p in found if p.is_file())
    if not path.is_file() and any(sign in name for sign in "*?["):
        return sorted(p for p in base.glob(name) if p.is_file())
    return [path] if path.is_file() else []


def near_file(base: Path, name: str) -> str | None:
    """Did you mean? A file beside where the missing one should be."""
    path = base / name
    try:
        beside = [p.name for p in path.parent.iterdir()]
    except OSError:
        return None
    near = suggest(path.name, beside)
    return str(Path(name).parent / near) if near else None
