"""How a command line names pods."""

from __future__ import annotations

import pytest

from simk8s.scenario.podnames import PodSelector


@pytest.mark.parametrize(
    ("text", "namespace", "name", "meant"),
    [
        ("default/web-1", "default", "web-1", True),
        ("default/web-1", "other", "web-1", False),
        ("web-*", "other", "web-1", True),
        ("web-*", "other", "db-1", False),
        ("team-*/db-?", "team-a", "db-7", True),
        ("web-1", "x", "web-11", False),
    ],
)
def test_names(text: str, namespace: str, name: str, meant: bool) -> None:
    assert PodSelector.parse(text).means(namespace, name, {}) is meant


def test_labels() -> None:
    selector = PodSelector.parse("app=web, tier==front")
    assert selector.means("a", "b", {"app": "web", "tier": "front", "x": "y"})
    assert not selector.means("a", "b", {"app": "web"})


@pytest.mark.parametrize("text", ["", " ", "a/b/c", "/x", "x/", "app!=web", "=x", "a=b,c"])
def test_what_is_no_selector(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        PodSelector.parse(text)
