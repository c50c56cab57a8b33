"""What a call of the API is called: verb, resource, and who answers for its price.

An operation of the store says which request it is: `@request("POST", "pods")`. Whoever writes
hands the operation to a client; client, priority levels, etcd and the measurements find the kind
at `operation.request`. What says nothing is `OTHER`.

Law: a kind is one object for the whole process, equal only to itself, so that it can be a key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

READS = ("GET", "LIST", "WATCH")


class RequestKind:
    """A verb and a resource, `POST pods/binding`; `mutating` is whether etcd has to commit it."""

    __slots__ = ("mutating", "resource", "verb")

    def __init__(self, verb: str, resource: str) -> None:
        self.verb = verb
        self.resource = resource
        self.mutating = verb not in READS

    def __repr__(self) -> str:
        return f"{self.verb} {self.resource}"


_KINDS: dict[tuple[str, str], RequestKind] = {}


def kind(verb: str, resource: str) -> RequestKind:
    """The one kind of that verb (upper case) and resource (`pods/status`)."""
    known = _KINDS.get((verb, resource))
    if known is None:
        known = _KINDS[verb, resource] = RequestKind(verb, resource)
    return known


OTHER = kind("PATCH", "other")
DELETE_POD = kind("DELETE", "pods")
GET_POD = kind("GET", "pods")
POST_EVENT = kind("POST", "events")
PATCH_EVENT = kind("PATCH", "events")
POST_TOKEN = kind("POST", "serviceaccounts/token")
GET_LEASE = kind("GET", "leases")
POST_LEASE = kind("POST", "leases")
PUT_LEASE = kind("PUT", "leases")
PATCH_NODE_STATUS = kind("PATCH", "nodes/status")


def request(verb: str, resource: str) -> Callable[[F], F]:
    """Decorator: the request that an operation of the store stands for."""
    found = kind(verb, resource)

    def mark(operation: F) -> F:
        operation.request = found  # type: ignore[attr-defined]
        return operation

    return mark


def on_its_kind(verb: str) -> Callable[[F], F]:
    """Decorator: the request of an operation whose object has a `kind` (objects.ObjectTable)."""

    def mark(operation: F) -> F:
        operation.verb = verb  # type: ignore[attr-defined]
        return operation

    return mark


def kind_of(operation: Callable[..., Any]) -> RequestKind:
    """The request that an operation (or a bound method) stands for."""
    found: RequestKind | None = getattr(operation, "request", None)
    if found is not None:
        return found
    verb: str | None = getattr(operation, "verb", None)
    return OTHER if verb is None else kind(verb, operation.__self__.kind)  # type: ignore[attr-defined]
