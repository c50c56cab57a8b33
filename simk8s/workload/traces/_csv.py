"""CSV files, plain, gzipped or xz, as rows that know their place.

Law: a file that cannot be used is a `UserError` that names file, line and column; at most
MAX_PROBLEMS problems are collected before giving up.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simk8s.catalog import suggest
from simk8s.errors import Place, Problem, UserError, raise_if_any

MAX_PROBLEMS = 20
CODE = "E306"
_GZIP_MAGIC = b"\x1f\x8b"
_XZ_MAGIC = b"\xfd7zXZ\x00"
_MAX_BYTES = 1 << 30


@dataclass
class Row:
    """One line; a bad field is noted in `problems` and reads as zero or the empty text."""

    file: str
    line: int
    cells: dict[str, str]
    columns: list[str]
    problems: list[Problem] = field(repr=False)

    def text(self, column: str) -> str:
        """A field that may be absent or empty."""
        return self.cells.get(column, "").strip()

    def name(self, column: str, seen: set[str]) -> str:
        """A field that must be there and not be in `seen`, to which it is added."""
        found = self.text(column)
        if not found:
            self.wrong(column, f"`{column}` is empty")
        elif found in seen:
            self.wrong(column, f"{found!r} is in the file twice")
        seen.add(found)
        return found

    def whole(self, column: str, *, most: int, least: int = 0) -> int:
        """A whole number in a range."""
        found = self.maybe(column, most=most, least=least)
        if found is None:
            if not self.text(column):
                self.wrong(column, f"`{column}` is empty")
            return 0
        return found

    def maybe(self, column: str, *, most: int, least: int = 0) -> int | None:
        """A whole number in a range, or nothing."""
        text = self.text(column)
        if not text:
            return None
        number = _whole(text)
        if number is None:
            self.wrong(column, f"`{column}` must be a whole number, got {text[:40]!r}")
        elif not least <= number <= most:
            self.wrong(column, f"`{column}` must be between {least} and {most}, got {number}")
        return number

    def wrong(self, column: str, message: str) -> None:
        """Note a problem at a field; give up when there are many."""
        self.problems.append(Problem(CODE, message, self._place(column)))
        if len(self.problems) >= MAX_PROBLEMS:
            raise UserError(*self.problems)

    def _place(self, column: str) -> Place:
        before = self.columns.index(column) if column in self.columns else 0
        widths = [len(self.cells.get(name, "")) + 1 for name in self.columns[:before]]
        return Place(self.file, self.line, 1 + sum(widths))


def _whole(text: str) -> int | None:
    """`12` and what spreadsheets make of it, `12.0`."""
    try:
        return int(text.removesuffix(".0"))
    except ValueError:
        return None


def read_rows(path: Path, required: Sequence[str]) -> Iterator[Row]:
    """Rows of a CSV whose header has the required columns; raises when the last is read."""
    problems: list[Problem] = []
    reader = csv.reader(io.StringIO(_content(path), newline=""), strict=True)
    file = str(path)
    try:
        header = [name.strip() for name in next(reader, [])]
        raise_if_any(_missing(file, header, required))
        for fields in reader:
            if not fields:
                continue
            row = Row(
                file, reader.line_num, dict(zip(header, fields, strict=False)), header, problems
            )
            if len(fields) != len(header):
                row.wrong(header[0], f"{len(fields)} fields, the header has {len(header)}")
                continue
            yield row
    except csv.Error as error:
        place = Place(file, max(1, reader.line_num), 1)
        raise UserError(*problems, Problem(CODE, f"not CSV: {error}", place)) from error
    raise_if_any(problems)


def _missing(file: str, header: list[str], required: Sequence[str]) -> Iterator[Problem]:
    for column in required:
        if column not in header:
            near = suggest(column, header)
            hint = f"is it {near!r}?" if near else f"the columns are {', '.join(header) or 'none'}"
            yield Problem(CODE, f"the column `{column}` is missing", Place(file, 1, 1), hint)


def _content(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UserError(Problem(CODE, "the file is larger than 1 GiB", Place(str(path), 1, 1)))
        raw = path.read_bytes()
        if raw.startswith(_GZIP_MAGIC):
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed:
                raw = packed.read(_MAX_BYTES + 1)
        elif raw.startswith(_XZ_MAGIC):
            with lzma.LZMAFile(io.BytesIO(raw)) as squeezed:
                raw = squeezed.read(_MAX_BYTES + 1)
        return raw.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(Problem("E303", f"the file {path} does not exist")) from error
    except UnicodeDecodeError as error:
        problem = Problem(CODE, "the file is not UTF-8 text", Place(str(path), 1, 1))
        raise UserError(problem) from error
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise UserError(
            Problem(CODE, f"cannot be read: {error}", Place(str(path), 1, 1))
        ) from error
