"""Every pod tolerates a node that is not ready or unreachable for 300 s.

Law: a NoExecute toleration of the pod's own for the key (or for all keys) is left alone. Templates
have the two tolerations from the moment they are parsed (state/shapes.py, the same rule), so that
a cluster that declares nothing never comes here; this writes them where that was not done.

Mirrors: plugin/pkg/admission/defaulttolerationseconds v1.36. Departs: the seconds of the API
server's flags cannot be set.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.api.admission.base import Plugin, Review
from simk8s.api.refused import Refused
from simk8s.state.selectors import NO_EXECUTE
from simk8s.state.shapes import DEFAULT_TOLERATION_SECONDS, untolerated


class DefaultTolerationSeconds(Plugin):
    """Adds what is missing to a manifest that something else changed."""

    name: ClassVar[str] = "DefaultTolerationSeconds"
    admission_us: ClassVar[int] = 1

    def mutate(self, review: Review) -> Refused | None:
        """Add the tolerations that the pod lacks."""
        own = review.spec.get("tolerations") or ()
        added = [
            {
                "key": key,
                "operator": "Exists",
                "effect": NO_EXECUTE,
                "tolerationSeconds": DEFAULT_TOLERATION_SECONDS,
            }
            for key in untolerated(own)
        ]
        # A manifest that nobody changed stays the template that it is: parsing adds them.
        if added and review.changed:
            review.set(tolerations=[*own, *added])
        return None
