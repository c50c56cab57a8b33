"""A pod's priority as a number, from its class.

Law: the class named by the pod, else the default class, else 0. A class that was never declared
is refused as soon as any class is; the system classes need no declaration. A pod keeps the number
that it was created with.

Mirrors: plugin/pkg/admission/priority v1.36: value, preemptionPolicy and the name of the default
class are written into the pod; a number or a policy that differs from its class is refused.
Departs: a number without a class stands (scenarios may give priorities as numbers); where nothing
declares a class, an unknown one is 0.
"""

from __future__ import annotations

from typing import Any, ClassVar

from simk8s.api.admission.base import Plugin, Review
from simk8s.api.refused import Refused, forbidden
from simk8s.state.policies import PriorityClass
from simk8s.state.shapes import SYSTEM_PRIORITIES


class Priority(Plugin):
    """Resolves `priorityClassName`."""

    name: ClassVar[str] = "Priority"
    admission_us: ClassVar[int] = 2

    def mutate(self, review: Review) -> Refused | None:
        """Write number and policy of the class into the pod."""
        spec, classes = review.spec, self.policies.priority_classes
        if not classes:
            return None
        name = str(spec.get("priorityClassName") or "")
        if not name and spec.get("priority") is not None:
            return None
        found = self._class(name)
        if found is None:
            if name:
                return forbidden(f"no PriorityClass with name {name} was found", self.name)
            return None
        return self._write(review, found)

    def _class(self, name: str) -> PriorityClass | None:
        if not name:
            return self.policies.default_class()
        system = SYSTEM_PRIORITIES.get(name)
        if system is not None:
            return PriorityClass(name, system)
        return self.policies.priority_classes.get(name)

    def _write(self, review: Review, found: PriorityClass) -> Refused | None:
        spec = review.spec
        given, policy = spec.get("priority"), spec.get("preemptionPolicy")
        own = "PreemptLowerPriority" if found.preempts else "Never"
        computed = "must not be provided in pod spec; priority admission controller computed"
        if given is not None and int(given) != found.value:
            words = f"the integer value of priority ({given}) {computed} {found.value}"
            return forbidden(f"{words} from the given PriorityClass name", self.name)
        if policy is not None and policy != own:
            words = f"the string value of PreemptionPolicy ({policy}) {computed} {own}"
            return forbidden(f"{words} from the given PriorityClass name", self.name)
        fields: dict[str, Any] = {"priorityClassName": found.name, "priority": found.value}
        if not found.preempts:
            fields["preemptionPolicy"] = own
        if any(spec.get(key) != value for key, value in fields.items()):
            review.set(**fields)
        return None
