"""Label selectors in both of Kubernetes' forms."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from simk8s.scenario.labels import Selector, parse

LABELS = {"app": "web", "tier": "front", "a.b/c": "d"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("app=web", True),
        ("app==web, tier=front", True),
        ("app=web,tier=back", False),
        ("app!=api", True),
        ("app!=web", False),
        ("other!=web", True),
        ("tier in (front, back),app", True),
        ("tier notin (front, back)", False),
        ("other notin (front)", True),
        ("a.b/c=d", True),
        ("!other", True),
        ("!app", False),
        ("other", False),
        ("app=", False),
        ("app in (web)", True),
    ],
)
def test_selectors(text: str, matches: bool) -> None:
    assert parse(text).matches(LABELS) is matches


@pytest.mark.parametrize(
    "text", ["", "  ", "=web", "app=web tier=x", "app in web", "a>1", ",", "app=web,"]
)
def test_what_is_no_selector(text: str) -> None:
    with pytest.raises(ValueError, match=r"selector|requirement"):
        parse(text)


def test_every_operator_of_kubectl() -> None:
    assert parse("a=b, c!=d,e in (f, g),h notin (i),j,! k").requirements == (
        ("a", "In", ("b",)),
        ("c", "NotIn", ("d",)),
        ("e", "In", ("f", "g")),
        ("h", "NotIn", ("i",)),
        ("j", "Exists", ()),
        ("k", "DoesNotExist", ()),
    )


def test_the_form_of_manifests_is_the_same_selector() -> None:
    adapter = TypeAdapter(Selector)
    written = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["front", "back"]},
            {"key": "canary", "operator": "DoesNotExist"},
        ],
    }
    found = adapter.validate_python(written)
    assert found.text == "app=web,tier in (front, back),!canary"
    assert found.requirements == parse(found.text).requirements
    assert adapter.validate_python(found) == found
    assert adapter.validate_python({}).matches({})


@pytest.mark.parametrize(
    "wrong",
    [
        {"matchLabel": {"a": "b"}},
        {"matchExpressions": [{"key": "a", "operator": "In"}]},
        {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
        3,
    ],
)
def test_what_a_manifest_would_not_accept(wrong: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Selector).validate_python(wrong)
