"""A runtime class adds overhead, a node selector and tolerations to its pods.

Law: an overhead of the pod's own has to be that of its class; a node selector that contradicts
the class's is refused. A class that was never declared is refused as soon as any class is.

Mirrors: plugin/pkg/admission/runtimeclass v1.36; which of class and pod wins where they differ is
UNVERIFIED. Departs: where nothing declares a class, the name of one means nothing.
"""

from __future__ import annotations

from typing import Any, ClassVar

from simk8s.api.admission.base import Plugin, Raw, Review
from simk8s.api.refused import Refused, forbidden
from simk8s.state.policies import RuntimeClass as Class
from simk8s.state.usage import quantities


class RuntimeClass(Plugin):
    """Resolves `runtimeClassName`."""

    name: ClassVar[str] = "RuntimeClass"
    admission_us: ClassVar[int] = 2

    def mutate(self, review: Review) -> Refused | None:
        """Write what the class asks for into the pod."""
        name = str(review.spec.get("runtimeClassName") or "")
        if not name or not self.policies.runtime_classes:
            return None
        found = self.policies.runtime_classes.get(name)
        if found is None:
            return forbidden(f"pod rejected: RuntimeClass {name!r} not found", self.name)
        return self._schedule(review, found)

    def _schedule(self, review: Review, found: Class) -> Refused | None:
        spec = review.spec
        selector: Raw = spec.get("nodeSelector") or {}
        for key, value in found.node_selector.items():
            if key in selector and str(selector[key]) != value:
                words = f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}"
                return forbidden(
                    f"{words}; pod.spec.nodeSelector[{key}] = {selector[key]}", self.name
                )
        fields: dict[str, Any] = {}
        if found.node_selector:
            fields["nodeSelector"] = {**selector, **found.node_selector}
        own = list(spec.get("tolerations") or ())
        extra = [one for one in found.tolerations if one not in own]
        if extra:
            fields["tolerations"] = [*own, *extra]
        if found.overhead:
            fields["overhead"] = dict(found.overhead)
        if any(spec.get(key) != value for key, value in fields.items()):
            review.set(**fields)
        return None

    def validate(self, review: Review) -> Refused | None:
        """The overhead has to be the class's."""
        classes = self.policies.runtime_classes
        if not classes:
            return None
        found = classes.get(str(review.spec.get("runtimeClassName") or ""))
        wanted = {} if found is None else quantities(found.overhead)
        if quantities(review.spec.get("overhead")) != wanted:
            words = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
            return forbidden(words, self.name)
        return None
