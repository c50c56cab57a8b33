"""Data written as YAML is read back alike, whatever it looks like."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.scenario.reading import read_document, read_value
from simk8s.scenario.writing import dump

TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)
TRICKY = st.sampled_from(
    [
        "no",
        "1e3",
        "0o17",
        "12:30",
        "~",
        "",
        "null",
        "true",
        ".inf",
        "-",
        "a: b",
        "# x",
        "0x1F",
        "1.",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | TEXT | TRICKY | st.floats(allow_nan=False)
KEYS = TEXT | TRICKY
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, DATA, max_size=4))
def test_a_dump_is_read_back(data):
    assert read_document(dump(data), "f").data == data


def test_tricky_text_stays_text():
    for text in ("no", "1e3", "0o17", "1.0e+3", "0x1F"):
        assert read_value(dump([text])) == [text]
