"""L1: objects as kubectl takes them, `deploy/web`.

Law: a kind may be written as its own name, in the plural, or short; what is not known is answered
with did-you-mean.

Mirrors: short names of the API's resources, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from simk8s.catalog import suggest

NODE = "Node"
NAMES: Mapping[str, tuple[str, ...]] = {
    "Pod": ("pods", "po"),
    "Deployment": ("deployments", "deploy"),
    "ReplicaSet": ("replicasets", "rs"),
    "ReplicationController": ("replicationcontrollers", "rc"),
    "StatefulSet": ("statefulsets", "sts"),
    "DaemonSet": ("daemonsets", "ds"),
    "Job": ("jobs",),
    "CronJob": ("cronjobs", "cj"),
    "Namespace": ("namespaces", "ns"),
    "ResourceQuota": ("resourcequotas", "quota"),
    "LimitRange": ("limitranges", "limits"),
    "PriorityClass": ("priorityclasses", "pc"),
    "RuntimeClass": ("runtimeclasses",),
    "ServiceAccount": ("serviceaccounts", "sa"),
    "PodDisruptionBudget": ("poddisruptionbudgets", "pdb"),
    "Service": ("services", "svc"),
    "PodGroup": ("podgroups",),
    NODE: ("nodes", "no"),
}
"""Kinds that can be named, their resource and its short names."""
CLUSTER_WIDE = ("Namespace", "PriorityClass", "RuntimeClass", NODE)
_KIND = {word: kind for kind, words in NAMES.items() for word in (kind.lower(), *words)}


@dataclass(frozen=True, slots=True)
class Reference:
    """An object by kind and name."""

    kind: str
    name: str

    @property
    def resource(self) -> str:
        """`deployments`: also the name of the kind's table."""
        return NAMES[self.kind][0]

    def key(self, namespace: str) -> str:
        """Of the store."""
        return self.name if self.kind in CLUSTER_WIDE else f"{namespace}/{self.name}"

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"


def kind_of(word: str) -> str | None:
    """`deploy`, `Deployment`, `deployments.apps` -> `Deployment`."""
    return _KIND.get(word.partition(".")[0].lower())


def parse_reference(text: Any) -> Reference:
    """From KIND/NAME. Raises what pydantic shows."""
    if isinstance(text, Reference):
        return text
    word, slash, name = text.partition("/") if isinstance(text, str) else ("", "", "")
    if not slash or not word or not name or "/" in name:
        raise PydanticCustomError("E105", "write an object as KIND/NAME, like deployment/web")
    kind = kind_of(word)
    if kind is None:
        near = suggest(word.lower(), [*_KIND])
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(NAMES)}"
        raise PydanticCustomError(
            "E106", "{text}", {"text": f"unknown kind {word!r}", "hint": hint}
        )
    return Reference(kind, name)


def reference(*kinds: str) -> Any:
    """The type of a field that takes an object of these kinds, by default of any."""

    def read(text: Any) -> Reference:
        found = parse_reference(text)
        if kinds and found.kind not in kinds:
            words = f"a {found.kind} has no such thing; expected one of {', '.join(kinds)}"
            raise PydanticCustomError("E105", "{text}", {"text": words})
        return found

    schema = {"type": "string", "pattern": "^[^/]+/[^/]+$", "examples": ["deployment/web"]}
    return Annotated[Reference, PlainValidator(read), PlainSerializer(str), WithJsonSchema(schema)]
