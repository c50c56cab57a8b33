"""YAML: 1.2 scalars, positions, and every way a file can be broken, in words."""

from __future__ import annotations

import pytest

from simk8s.errors import UserError
from simk8s.scenario import reading
from simk8s.scenario.reading import decode, read_document, read_documents, read_text, read_value

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("010", 10),
        ("0o17", 15),
        ("0xff", 255),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        (".inf", float("inf")),
        ("true", True),
        ("~", None),
        ("", None),
        ("2001-12-14", "2001-12-14"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!int '7'", 7),
        ("=", "="),
    ],
)
def test_scalars_follow_the_core_schema(written, value):
    assert read_document(f"k: {written}\n", "f").data == {"k": value}


def test_keys_are_text_as_written():
    assert read_document("1: a\ntrue: b\n1.50: c\n", "f").data == {
        "1": "a",
        "true": "b",
        "1.50": "c",
    }


def test_places_of_keys_and_values():
    positions = read_document("a:\n  - {b: 1, c: [x,\n      y]}\n", "f").positions
    assert str(positions.place(("a", 0, "b"))) == "f:2:9"
    assert str(positions.place(("a", 0, "c"), key=True)) == "f:2:12"
    assert str(positions.place(("a", 0, "c", 1))) == "f:3:7"
    assert str(positions.place(("a", 0, "nowhere"))) == "f:2:5"
    assert str(positions.place(("nowhere",))) == "f:1:1"


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "E003", 3, 1, "'a' is written twice, first in line 1"),
        ("a:\n\tb: 1\n", "E002", 2, 1, "cannot start any token"),
        ("a: b: c\n", "E002", 1, 5, "mapping values"),
        ("a: [1, 2\n", "E002", 2, 1, "expected"),
        ("a: *x\n", "E002", 1, 4, "undefined alias"),
        ("", "E002", 1, 1, "empty"),
        ("# only a comment\n", "E002", 1, 1, "empty"),
        ("a: 1\n---\nb: 1\n", "E002", 3, 1, "several"),
        ("a\x00b", "E002", 1, 2, "#x0000"),
        ("a: !!python/object/apply:os.system [ls]\n", "E002", 1, 4, "tag"),
        ("a: !!set {x}\n", "E002", 1, 4, "tag '!!set'"),
        ("a: !!float x\n", "E002", 1, 4, "as a number"),
        ("? [a]\n: 1\n", "E002", 1, 3, "key must be text"),
        ("<<: {a: 1}\n", "E002", 1, 1, "merge keys"),
        ("a: " + "9" * 5000, "E002", 1, 4, "as a number"),
        ("[" * 3000, "E005", 1, 1, "nested"),
        ("- " * 70 + "x\n", "E005", 1, 131, "nested more than 64"),
        ("a: &a [*a]\n", "E005", 1, 4, "nested"),
        (BOMB, "E004", 1, 11, "aliases"),
    ],
)
def test_broken_files_are_named(text, code, line, column, words):
    with pytest.raises(UserError) as caught:
        read_document(text, "f")
    problem = caught.value.problems[0]
    assert (problem.code, problem.place.line, problem.place.column) == (code, line, column)
    assert words in problem.message


def test_aliases_within_the_bound_are_copies():
    data = read_document("a: &x {k: [1]}\nb: *x\n", "f").data
    assert data["b"] == {"k": [1]}
    assert data["a"] is not data["b"]


def test_a_tab_is_explained():
    with pytest.raises(UserError) as caught:
        read_document("a:\n\t- b\n", "f")
    assert "spaces" in caught.value.problems[0].hint


def test_many_documents_with_their_own_positions():
    first, second = read_documents("a: 1\n---\n---\nb: 2\n", "f")
    assert (first.data, second.data) == ({"a": 1}, {"b": 2})
    assert second.positions.place(("b",)).line == 4


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="does not exist"):
        read_text(tmp_path / "absent.yaml")
    with pytest.raises(UserError, match="directory"):
        read_text(tmp_path)
    (tmp_path / "big.yaml").write_text("a" * 100)
    monkeypatch.setattr(reading, "MAX_BYTES", 50)
    with pytest.raises(UserError, match="larger than"):
        read_text(tmp_path / "big.yaml")


def test_text_that_is_not_utf8_is_placed():
    with pytest.raises(UserError) as caught:
        decode(b"ok: 1\nbad: \xff\n", "f")
    assert str(caught.value.problems[0].place) == "f:2:6"
    assert decode(b"\xef\xbb\xbfa: 1", "f") == "a: 1"


def test_one_value_for_the_command_line():
    assert read_value("{name: cp_sat}") == {"name": "cp_sat"}
    assert read_value("no") == "no"
    assert read_value("") is None
    with pytest.raises(ValueError, match="YAML"):
        read_value("[1")
    with pytest.raises(ValueError, match="one value"):
        read_value("a\n---\nb")


def test_libyaml_reads_alike(monkeypatch):
    text = (
        "a:\n  b: [1, 0o17, 1.5, ~, 'x', no, 12:30, true]\n  c: |\n    text\n"
        "---\n- &x {k: v}\n- *x\n"
    )
    quick = list(read_documents(text, "f"))
    monkeypatch.setattr(reading.yaml, "__with_libyaml__", False)
    slow = list(read_documents(text, "f"))
    monkeypatch.undo()
    assert [d.data for d in quick] == [d.data for d in slow]
    assert [d.positions.marks for d in quick] == [d.positions.marks for d in slow]
    with pytest.raises(UserError, match="written twice"):
        list(read_documents("a: 1\na: 2\n", "f"))
    with pytest.raises(UserError) as caught:
        list(read_documents("a: [1\nb: 2\n", "f"))
    assert caught.value.problems[0].code == "E002"
