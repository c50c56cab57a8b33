"""Small pieces of HTML. Everything that is not Markup is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

Cell = str | Markup

_EMPTY = Markup("")


def table(head: Sequence[Cell], rows: Iterable[Sequence[Cell]], *, words: int = 1) -> Markup:
    """A table that scrolls within itself; the first `words` columns are text, the rest numbers."""
    return Markup(
        '<div class="scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(
        _cells("th", head, words),
        _EMPTY.join(Markup("<tr>{}</tr>").format(_cells("td", row, words)) for row in rows),
    )


def _cells(tag: str, cells: Sequence[Cell], words: int) -> Markup:
    return _EMPTY.join(
        Markup("<{tag}{kind}>{cell}</{tag}>").format(
            tag=Markup(tag), kind=_EMPTY if i < words else Markup(' class="n"'), cell=cell
        )
        for i, cell in enumerate(cells)
    )


def bar(share: float, colour: int = 1) -> Markup:
    """A bar of that share of its cell's width."""
    width = round(100 * min(1.0, max(0.0, share)), 1)
    return Markup('<span class="bar c{}" style="width:{}%"></span>').format(colour, width)


def meter(text: Cell, share: float, colour: int = 1) -> Markup:
    """A number with a bar under it."""
    return Markup('<span class="meter">{}<span class="track">{}</span></span>').format(
        text, bar(share, colour)
    )


def pairs(items: Iterable[tuple[str, Cell]]) -> Markup:
    """A list of names and values."""
    return Markup('<dl class="pairs">{}</dl>').format(
        _EMPTY.join(
            Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(name, value) for name, value in items
        )
    )


def paragraph(text: Cell) -> Markup:
    return Markup("<p>{}</p>").format(text)


def join(parts: Iterable[Markup]) -> Markup:
    return _EMPTY.join(parts)
