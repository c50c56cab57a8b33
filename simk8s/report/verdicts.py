"""Met, missed, not measurable: as a word with a colour, the word first."""

from __future__ import annotations

from markupsafe import Markup

_CLASSES = {"met": "good", "missed": "bad"}


def badge(verdict: str) -> Markup:
    """`met`, `missed` or anything else, which is grey."""
    kind = _CLASSES.get(verdict, "open")
    return Markup('<span class="badge {}">{}</span>').format(kind, verdict.replace("_", " "))
