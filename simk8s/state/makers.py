"""What makes the pods of an owner whose template changes: one stamp for each revision.

Law: all pods of an owner have its number, whatever template they are of, and their draws go on
from one revision to the next. Two templates are one revision only if they are written alike.

Mirrors: apps/v1 ControllerRevision with the label controller-revision-hash, v1.36. Departs: the
hash is that of `deployments.template_hash`; labels that differ from pod to pod (`pod-index`,
`statefulset.kubernetes.io/pod-name`) are left out, since pods of one revision share a template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simk8s.state.shapes import PodTemplate
from simk8s.state.workloads import PodStamp

REVISIONS = "controllerrevisions"
"""Name of the kind in the store."""
REVISION_LABEL = "controller-revision-hash"

TemplateStamp = Callable[[Mapping[str, Any]], PodStamp]
"""Pod template -> what makes pods of it, for one owner number."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A template that an owner has had; the highest number is the one it has now."""

    owner: str
    """Table and key of the owner: `statefulsets default/web`."""
    letters: str
    """The template's hash."""
    number: int
    template: Mapping[str, Any] = field(compare=False, repr=False)


class PodMaker:
    """Rows for the pods of one owner, by revision."""

    __slots__ = ("_make", "_stamps", "owner")

    def __init__(self, owner: int, make: TemplateStamp) -> None:
        self.owner = owner
        self._make = make
        self._stamps: dict[str, PodStamp] = {}

    def __call__(self, revision: Revision, count: int) -> range:
        """The rows (not created yet) of the next `count` pods of a revision."""
        return self._stamp(revision)(count)

    def template(self, revision: Revision) -> PodTemplate:
        """What pods of a revision are made from."""
        return self._stamp(revision).template

    def _stamp(self, revision: Revision) -> PodStamp:
        stamp = self._stamps.get(revision.letters)
        if stamp is None:
            labelled = revised(revision.template, revision.letters)
            stamp = self._stamps[revision.letters] = self._make(labelled)
        return stamp


def revised(template: Mapping[str, Any], letters: str) -> dict[str, Any]:
    """A pod template with the label that tells its revision."""
    meta: Mapping[str, Any] = template.get("metadata") or {}
    labels = {**(meta.get("labels") or {}), REVISION_LABEL: letters}
    return {**template, "metadata": {**meta, "labels": labels}}
