"""L1: `behaviour:` of a scenario: what pods do that Kubernetes objects do not say.

Law: of several entries whose selectors match a pod's labels, what a later one says replaces what an
earlier one said, value by value; annotations of the template come before all entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from simk8s.scenario.annotations import PREFIX
from simk8s.scenario.types import Model
from simk8s.scenario.usage import Usage, from_annotations, over


class Selector(Model):
    """All of these labels; none at all is every pod."""

    match_labels: dict[str, str] = Field(default_factory=dict)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a pod with these labels is meant."""
        return all(labels.get(key) == value for key, value in self.match_labels.items())


class Behaviour(Model):
    """Of the pods that a selector selects."""

    selector: Selector = Selector()
    usage: Usage | None = None


def usage_of(
    behaviours: Sequence[Behaviour], labels: Mapping[str, str], annotations: Mapping[str, str]
) -> Usage | None:
    """What is said of the usage of pods with these labels and annotations."""
    found: Usage | None = None
    for entry in behaviours:
        if entry.usage is not None and entry.selector.matches(labels):
            found = over(entry.usage, found)
    return over(from_annotations(annotations, PREFIX), found)
