"""L1: YAML to plain data with positions; bad input is a `UserError`, never a traceback.

Law: scalars follow the YAML 1.2 core schema (`no`, `on` and `12:30` are text); a key twice, a tag
outside the core schema, tabs, endless nesting and alias bombs are errors with a place. Keys are
always text, as written.
Departs: merge keys (`<<`) are not YAML 1.2 and are refused with a hint.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from simk8s.errors import Place, Problem, UserError
from simk8s.scenario.positions import Path as KeyPath
from simk8s.scenario.positions import Positions

MAX_BYTES = 4 << 20
MAX_DEPTH = 64
# Values that exist only because an alias repeats them; files bound the others by their size.
MAX_REPEATED = 50_000

_TAG = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT, _STR = (_TAG + t for t in ("null", "bool", "int", "float", "str"))
RESOLVERS: tuple[tuple[str, str, str], ...] = (
    (_NULL, r"~|null|Null|NULL|", "~nN\0"),
    (_BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (_INT, r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        _FLOAT,
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
)


@contextmanager
def uncollected() -> Iterator[None]:
    """What is read stays: collecting garbage meanwhile finds none and takes most of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class CoreResolver(BaseResolver):
    """Which plain scalars are not text, by the YAML 1.2 core schema."""


for _tag, _pattern, _first in RESOLVERS:
    CoreResolver.add_implicit_resolver(
        _tag, re.compile(rf"(?:{_pattern})\Z"), ["" if c == "\0" else c for c in _first]
    )


class _Loader(Reader, Scanner, Parser, Composer, CoreResolver):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        CoreResolver.__init__(self)


if yaml.__with_libyaml__:

    class _Fast(yaml.cyaml.CParser, CoreResolver):  # type: ignore[misc,name-defined]
        """The same nodes from libyaml, ten times as fast; its messages are others."""

        def __init__(self, text: str) -> None:
            yaml.cyaml.CParser.__init__(self, text)  # type: ignore[attr-defined]
            CoreResolver.__init__(self)


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None) and where each piece was written."""

    data: Any
    positions: Positions


def read_text(path: Path, most: int | None = None) -> str:
    """The file's text; says what is wrong when there is none."""
    shown, most = str(path), MAX_BYTES if most is None else most
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= most else b""
    except FileNotFoundError:
        raise UserError(_problem("E001", "the file does not exist", shown)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(_problem("E001", f"cannot be read: {reason}", shown)) from None
    if size > most:
        raise UserError(_problem("E001", f"is larger than {most >> 20} MiB", shown))
    return decode(raw, shown)


def decode(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        raise UserError(
            Problem("E002", "the file is not UTF-8 text", Place(file, line, column))
        ) from None


def read_document(text: str, file: str) -> Document:
    """The one document of a text."""
    documents = list(read_documents(text, file))
    if not documents:
        raise UserError(_problem("E002", "the file is empty", file))
    if len(documents) > 1:
        second = documents[1].positions.place(())
        raise UserError(Problem("E002", "expected one document, found several", second))
    return documents[0]


def read_documents(text: str, file: str) -> Iterator[Document]:
    """Every document of a text with `---` between them; empty ones are left out."""
    try:
        for node in _nodes(text):
            positions = Positions(file)
            builder = _Builder(file, positions)
            data = builder.value(node, ())
            if data is not None:
                yield Document(data, positions)
    except yaml.MarkedYAMLError as error:
        raise UserError(_syntax_problem(error, file)) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        message = f"the character #x{error.character:04x} is not allowed in YAML"
        raise UserError(Problem("E002", message, Place(file, line, column))) from None
    except RecursionError:
        raise UserError(_problem("E005", "is nested too deeply", file)) from None


def _nodes(text: str) -> Iterable[yaml.Node]:
    """The composed documents; what libyaml does not take is read again, for a message of ours."""
    if yaml.__with_libyaml__:
        try:
            return list(_composed(_Fast(text)))
        except (yaml.YAMLError, UnicodeError, RecursionError):
            pass
    return _composed(_Loader(text))


def _composed(loader: Any) -> Iterator[yaml.Node]:
    while loader.check_node():
        yield loader.get_node()


def read_value(text: str) -> Any:
    """One value as YAML, for `--set path=value`; ValueError when it cannot be read."""
    try:
        documents = list(read_documents(text, "--set"))
    except UserError as error:
        raise ValueError(error.problems[0].message) from None
    if len(documents) > 1:
        raise ValueError("expected one value")
    return documents[0].data if documents else None


def _problem(code: str, message: str, file: str) -> Problem:
    return Problem(code, message, Place(file, 1, 1))


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file, 1, 1)
    what = error.problem or "cannot be read"
    hint = None
    if "\\t" in what:
        hint = "indent with spaces, YAML does not allow tabs"
    elif "mapping values are not allowed" in what:
        hint = "a value with ': ' in it must be quoted, and keys of one mapping must line up"
    elif "undefined alias" in what:
        hint = "define it first with &name, or quote the text if the * is meant"
    elif error.context is not None:
        hint = error.context
    return Problem("E002", f"not valid YAML: {what}", place, hint)


class _Builder:
    """Turns composed nodes into data, keeping positions and bounds."""

    def __init__(self, file: str, positions: Positions) -> None:
        self._file = file
        self._positions = positions
        self._seen: set[int] = set()
        self._repeated = 0

    def value(self, node: yaml.Node, path: KeyPath, key: yaml.Node | None = None) -> Any:
        self._bound(node, path)
        first = key if key is not None else node
        self._positions.marks[path] = (*_at(first), *_at(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            self._expect_tag(node, "seq")
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        self._expect_tag(node, "map")
        return self._mapping(node, path)

    def _bound(self, node: yaml.Node, path: KeyPath) -> None:
        if len(path) > MAX_DEPTH:
            raise self._error("E005", f"is nested more than {MAX_DEPTH} levels deep", node)
        if id(node) in self._seen:
            self._repeated += 1
            if self._repeated > MAX_REPEATED:
                text = f"aliases (*name) repeat more than {MAX_REPEATED:,} values"
                raise self._error("E004", text, node)
        self._seen.add(id(node))

    def _mapping(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            line = _at(key_node)[0]
            if key in data:
                text = f"the key {key!r} is written twice, first in line {lines[key]}"
                raise self._error("E003", text, key_node)
            lines[key] = line
            data[key] = self.value(value_node, (*path, key), key_node)
        return data

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error("E002", "a key must be text", node)
        if node.value == "<<" and not node.style:
            hint = "repeat the keys, or reuse a whole value with &name and *name"
            raise self._error("E002", "merge keys (<<) are not YAML 1.2", node, hint)
        return str(node.value)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = node.value
        if node.tag == _STR:
            return text
        if node.tag == _NULL:
            return None
        try:
            if node.tag == _BOOL and text.lower() in ("true", "false"):
                return text.lower() == "true"
            if node.tag == _INT:
                return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
            if node.tag == _FLOAT:
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            raise self._error("E002", f"cannot read {text[:40]!r} as a number", node) from None
        raise self._error("E002", f"the tag {_short(node.tag)} is not supported here", node)

    def _expect_tag(self, node: yaml.Node, kind: str) -> None:
        if node.tag != _TAG + kind:
            raise self._error("E002", f"the tag {_short(node.tag)} is not supported", node)

    def _error(self, code: str, text: str, node: yaml.Node, hint: str | None = None) -> UserError:
        return UserError(Problem(code, text, Place(self._file, *_at(node)), hint))


def _short(tag: str) -> str:
    return repr(tag.replace(_TAG, "!!"))


def _at(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
