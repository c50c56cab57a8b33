"""Rollouts that fail: a Deployment gets a bad version, and later its former one again.

Law: what is put back is the template from before the first of the rollouts that overlap, unless
somebody else has changed it meanwhile. The image of the bad version is the first container's with
another tag, and cannot be pulled if that is what fails.

Mirrors: `kubectl set image` and `kubectl rollout undo`. Departs: both read and write at one
instant, so that neither meets a conflict.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simk8s.api.client import Client
from simk8s.api.requests import request
from simk8s.api.server import ApiServer
from simk8s.api.store import Store
from simk8s.faults.base import BadRollout
from simk8s.kernel.clock import Clock
from simk8s.nodes.images import NodeImages
from simk8s.scenario.annotations import PREFIX
from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.images import normal_name

BAD_TAG = "simk8s-bad"
_NEVER = "3650d"
_SOON = "2s"


@dataclass(slots=True)
class _Going:
    """What is rolled out at present, for one Deployment."""

    former: Mapping[str, Any]
    effects: list[BadRollout] = field(default_factory=list)
    ours: list[Mapping[str, Any]] = field(default_factory=list)
    """Every version that it may have put there."""

    @property
    def wanted(self) -> Mapping[str, Any]:
        """The template of the latest, or the former one."""
        return spoilt(self.former, self.effects[-1].failure) if self.effects else self.former

    @property
    def image(self) -> str:
        """The image that cannot be pulled."""
        bad = spoilt(self.former, "imagePull")
        return normal_name(str(bad["spec"]["containers"][0]["image"]))


class Rollouts:
    """Begins and undoes them."""

    def __init__(self, clock: Clock, store: Store, server: ApiServer, images: NodeImages) -> None:
        self._clock, self._store, self._server, self._images = clock, store, server, images
        self._client: Client | None = None
        self._going: dict[str, _Going] = {}

    def begin(self, effect: BadRollout) -> str:
        """Somebody rolls it out; why that is not possible, empty if it is."""
        if not effect.deployment:
            self._images.break_image(normal_name(effect.image))
            return ""
        stored = self._store.objects(DEPLOYMENTS).get(effect.deployment)
        if stored is None:
            return f"there is no Deployment {effect.deployment}"
        going = self._going.get(effect.deployment)
        if going is None:
            former = stored.value.spec.get("template") or {}
            going = self._going[effect.deployment] = _Going(former, ours=[former])
        going.effects.append(effect)
        going.ours.append(going.wanted)
        if effect.failure == "imagePull":
            self._images.break_image(going.image)
        self._put(effect.deployment, going)
        return ""

    def end(self, effect: BadRollout) -> None:
        """Somebody rolls it back."""
        if not effect.deployment:
            self._images.mend_image(normal_name(effect.image))
            return
        going = self._going.get(effect.deployment)
        if going is None or effect not in going.effects:
            return
        going.effects.remove(effect)
        if effect.failure == "imagePull":
            self._images.mend_image(going.image)
        if not going.effects:
            del self._going[effect.deployment]
        self._put(effect.deployment, going)

    def _put(self, key: str, going: _Going) -> None:
        """The version that the latest of the rollouts wants, or the former one."""
        if self._client is None:
            self._client = Client(self._clock, self._server, "kubectl")
        table = self._store.objects(DEPLOYMENTS)

        @request("PATCH", "deployments")
        def patch() -> bool:
            """What is wanted when it is stored: requests may overtake each other."""
            stored = table.get(key)
            if stored is None or (stored.value.spec.get("template") or {}) not in going.ours:
                return False
            changed = stored.value.respecified({**stored.value.spec, "template": going.wanted})
            return table.update(key, changed, stored.version)

        self._client.write(patch)


def spoilt(template: Mapping[str, Any], failure: str) -> dict[str, Any]:
    """A version of a template that does not work."""
    bad = copy.deepcopy(dict(template))
    containers = bad.setdefault("spec", {}).setdefault("containers", [{}])
    named = str(containers[0].get("image") or "app")
    head, slash, last = named.rpartition("/")
    containers[0]["image"] = f"{head}{slash}{last.partition(':')[0].partition('@')[0]}:{BAD_TAG}"
    if failure == "imagePull":
        return bad
    metadata = bad.setdefault("metadata", {})
    annotations = metadata["annotations"] = dict(metadata.get("annotations") or {})
    if failure == "crash":
        annotations[f"{PREFIX}crash-after"] = _SOON
        return bad
    annotations[f"{PREFIX}startup"] = _NEVER
    for container in containers:
        container.setdefault("readinessProbe", {"httpGet": {"path": "/ready", "port": 80}})
    return bad
