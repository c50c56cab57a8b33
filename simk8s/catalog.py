"""L0: the folder is the registry: extensions by name, without importing them until they are used.

Law: a name is a file of its folder (or an entry point `simk8s.<folder>`, or a user's own file
`path.py` or `path.py:Class`); a file has exactly one public class and, beside it, `Params`, a
pydantic model. Listing names imports nothing; the same name twice is an error. Asking for the
`Params` of a shipped extension imports the module where they are written: an extension without any
is not imported, and one that needs numpy or a solver keeps its `Params` in a light module of its
own and imports them from there, so that checking a scenario stays quick.
"""

from __future__ import annotations

import ast
import difflib
import enum
import hashlib
import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict

from simk8s.errors import InvariantError, Place, Problem, UserError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints, SelectableGroups

FOLDERS: dict[str, str] = {
    "strategies": "strategies",
    "plugins": "placement.plugins",
    "controllers": "controllers",
    "faults": "faults",
    "arrivals": "workload.arrivals",
    "traces": "workload.traces",
    "panels": "report.panels",
}
# One word for what lives in a folder, for messages: "unknown strategy 'x'".
KINDS: dict[str, str] = {
    "strategies": "strategy",
    "plugins": "plugin",
    "controllers": "controller",
    "faults": "fault",
    "arrivals": "arrival process",
    "traces": "trace format",
    "panels": "panel",
}
_PACKAGE = Path(__file__).resolve().parent


class NoParams(BaseModel):
    """What an extension without `Params` accepts: nothing."""

    model_config = ConfigDict(extra="forbid")


class CatalogLike(Protocol):
    """What loader and lint ask of a catalogue; tests hand in a fake."""

    def names(self, folder: str) -> list[str]: ...

    def resolve(self, folder: str, name: str) -> type: ...

    def params_of(self, folder: str, name: str) -> type[BaseModel]: ...


class Catalog:
    """The extensions in the package, in entry points and in files beside the scenario."""

    def __init__(self, base: Path | None = None) -> None:
        self._base = base if base is not None else Path()

    def names(self, folder: str) -> list[str]:
        """Every name that needs no path, sorted."""
        shipped = _shipped(folder)
        foreign = _entry_points(folder)
        twice = sorted(set(shipped) & set(foreign))
        if twice:
            raise UserError(
                Problem(
                    "E205",
                    f"{KINDS[folder]} {twice[0]!r} is defined twice: "
                    f"in simk8s and by the entry point {foreign[twice[0]].value}",
                    hint="uninstall or rename the package that declares the entry point",
                )
            )
        return sorted([*shipped, *foreign])

    def resolve(self, folder: str, name: str) -> type:
        """The one public class behind a name; imports its module."""
        if _is_file(name):
            module, wanted = self._own_file(name)
            return _public_class(module, wanted, ours=False)
        if name in _shipped(folder):
            self.names(folder)
            return _public_class(_import_shipped(folder, name), None, ours=True)
        loaded = self._load_foreign(folder, name)
        if isinstance(loaded, ModuleType):
            return _public_class(loaded, None, ours=False)
        if isinstance(loaded, type):
            return loaded
        raise _broken(name, f"the entry point is {type(loaded).__name__}, expected a class")

    def params_of(self, folder: str, name: str) -> type[BaseModel]:
        """The pydantic model that a scenario's section for this name must satisfy."""
        if _is_file(name):
            module, _ = self._own_file(name)
        elif name in _shipped(folder):
            imported = sys.modules.get(f"simk8s.{FOLDERS[folder]}.{name}")
            home = None if imported is not None else _home_of_params(folder, name)
            if imported is None and home is None:
                return NoParams
            module = imported or importlib.import_module(str(home))
        else:
            loaded = self._load_foreign(folder, name)
            module = loaded if isinstance(loaded, ModuleType) else sys.modules[loaded.__module__]
        params = getattr(module, "Params", NoParams)
        if not (isinstance(params, type) and issubclass(params, BaseModel)):
            raise _broken(name, "its Params is not a pydantic model")
        return params

    def _load_foreign(self, folder: str, name: str) -> ModuleType | type:
        point = _entry_points(folder).get(name)
        if point is None:
            raise unknown_name(folder, name, self.names(folder))
        try:
            loaded: ModuleType | type = point.load()
        except Exception as error:
            raise _broken(name, f"{point.value} cannot be imported: {error}") from error
        return loaded

    def _own_file(self, name: str) -> tuple[ModuleType, str | None]:
        path_text, _, wanted = name.partition(".py:")
        path = self._base / (path_text if path_text.endswith(".py") else path_text + ".py")
        return _import_file(path.resolve(), str(path)), wanted or None


def names(folder: str) -> list[str]:
    return Catalog().names(folder)


def resolve(folder: str, name: str, base: Path | None = None) -> type:
    return Catalog(base).resolve(folder, name)


def params_of(folder: str, name: str, base: Path | None = None) -> type[BaseModel]:
    return Catalog(base).params_of(folder, name)


def unknown_name(
    folder: str, name: str, known: Iterable[str], place: Place | None = None
) -> UserError:
    """The error for a name that a folder does not have, with did-you-mean."""
    choices = sorted(known)
    near = suggest(name, choices)
    hint = f"did you mean {near!r}?" if near else f"known: {', '.join(choices) or 'none'}"
    return UserError(Problem("E201", f"unknown {KINDS[folder]} {name!r}", place, hint))


def suggest(word: str, choices: Iterable[str]) -> str | None:
    """Did you mean? The closest choice, if one is close."""
    by_lower = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None


def snake(name: str) -> str:
    """`nodeCrash` -> `node_crash`: the key in a scenario to the file's name."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def camel(name: str) -> str:
    """`node_crash` -> `nodeCrash`: the file's name to the key in a scenario."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _is_file(name: str) -> bool:
    return name.endswith(".py") or ".py:" in name


@cache
def _shipped(folder: str) -> tuple[str, ...]:
    if folder not in FOLDERS:
        raise InvariantError(f"no extension folder {folder!r}")
    where = _PACKAGE.joinpath(*FOLDERS[folder].split("."))
    files = [path.stem for path in where.glob("*.py")]
    packages = [path.parent.name for path in where.glob("*/__init__.py")]
    return tuple(sorted(n for n in [*files, *packages] if not n.startswith("_") and n != "base"))


@cache
def _installed() -> EntryPoints | SelectableGroups:
    """All that installed packages declare, read once: it is a file of each."""
    from importlib.metadata import entry_points

    return entry_points()


@cache
def _entry_points(folder: str) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in _installed().select(group=f"simk8s.{folder}"):
        if point.name in found and found[point.name].value != point.value:
            both = f"{found[point.name].value} and {point.value}"
            raise UserError(
                Problem("E205", f"{KINDS[folder]} {point.name!r} is defined twice: {both}")
            )
        found[point.name] = point
    return found


def _import_shipped(folder: str, name: str) -> ModuleType:
    return importlib.import_module(f"simk8s.{FOLDERS[folder]}.{name}")


@cache
def _home_of_params(folder: str, name: str) -> str | None:
    """The module in which an extension's `Params` are written, read off its source."""
    where = _PACKAGE.joinpath(*FOLDERS[folder].split("."), name)
    path = where / "__init__.py" if where.is_dir() else where.with_suffix(".py")
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.ClassDef) and node.name == "Params":
            return f"simk8s.{FOLDERS[folder]}.{name}"
        imported = [a.name for a in node.names] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom) and "Params" in imported and not node.level:
            return node.module
    return None


@cache
def _import_file(path: Path, shown: str) -> ModuleType:
    if not path.is_file():
        raise UserError(Problem("E202", f"the file {shown} does not exist"))
    # In sys.modules under a name of its own, so that annotations and pickles resolve.
    tag = hashlib.blake2b(str(path).encode(), digest_size=6).hexdigest()
    module_name = f"simk8s_user_{re.sub(r'[^0-9A-Za-z]', '_', path.stem)}_{tag}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise UserError(Problem("E203", f"{shown} cannot be imported"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        raise UserError(_import_problem(error, path, shown)) from error
    return module


def _import_problem(error: Exception, path: Path, shown: str) -> Problem:
    line, column = 1, 1
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line, column = error.lineno or 1, error.offset or 1
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename == str(path):
                line = frame.lineno or 1
    message = f"cannot be imported: {type(error).__name__}: {error}"
    return Problem("E203", message, Place(shown, line, column))


def _public_class(module: ModuleType, wanted: str | None, *, ours: bool) -> type:
    if wanted is not None:
        found = getattr(module, wanted, None)
        if not isinstance(found, type):
            near = suggest(wanted, (c.__name__ for c in _candidates(module)))
            raise _broken(module.__name__, f"it has no class {wanted!r}", near)
        return found
    classes = _candidates(module)
    if len(classes) == 1:
        return classes[0]
    listed = ", ".join(c.__name__ for c in classes) or "none"
    text = f"expected exactly one public class, found {listed}"
    if ours:
        raise InvariantError(f"{module.__name__}: {text}")
    raise _broken(module.__file__ or module.__name__, text)


def _candidates(module: ModuleType) -> list[type]:
    """Public classes at home in the module; models, enums and exceptions are its vocabulary."""
    return [
        value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and not name.startswith("_")
        and not issubclass(value, (BaseModel, enum.Enum, BaseException))
        and (value.__module__ + ".").startswith(module.__name__ + ".")
    ]


def _broken(name: str, why: str, near: str | None = None) -> UserError:
    hint = f"did you mean {near!r}?" if near else "name one with path.py:Class"
    return UserError(Problem("E204", f"{name} cannot be used: {why}", hint=hint))
