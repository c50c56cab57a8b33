"""Limit ranges: defaults for containers that name no requests or limits, bounds for all.

Law: only pods that are being created are looked at; containers and init containers alike; every
LimitRange of the namespace counts, in the order of their names. A request above a limit that came
from a default is invalid (422), as the API's own validation has it.

Mirrors: plugin/pkg/admission/limitranger v1.36 (defaults, min, max, maxLimitRequestRatio for
Container and Pod); that the API defaults `default` and `defaultRequest` of a LimitRange from max
and min is UNVERIFIED. Departs: all flaws that are found are told in one message, sorted; PVC limits
are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from simk8s.api.admission.base import Plugin, Raw, Review
from simk8s.api.refused import Refused, forbidden, invalid
from simk8s.state.policies import Limit, LimitRange
from simk8s.state.usage import (
    Amounts,
    containers,
    limits_of,
    quantities,
    requests_of,
    shown,
    total,
)

KINDS = ("containers", "initContainers")


class LimitRanger(Plugin):
    """Second in the chain."""

    name: ClassVar[str] = "LimitRanger"
    admission_us: ClassVar[int] = 5

    def mutate(self, review: Review) -> Refused | None:
        """Fill in what containers leave open."""
        for limit_range in self._ranges(review.namespace):
            default, request = _defaults(limit_range)
            if default or request:
                _fill(review, default, request)
        return None

    def validate(self, review: Review) -> Refused | None:
        """Hold containers and the whole pod against every bound."""
        ranges = self._ranges(review.namespace)
        if not ranges:
            return None
        for container in containers(review.spec):
            words = _above_limit(container)
            if words:
                return invalid(words, self.name)
        flaws: list[str] = []
        for limit_range in ranges:
            for limit in limit_range.limits:
                flaws += _flaws(limit, review.spec)
        if not flaws:
            return None
        words = ", ".join(dict.fromkeys(flaws))
        return forbidden(f"[{words}]" if len(flaws) > 1 else words, self.name)

    def _ranges(self, namespace: str) -> list[LimitRange]:
        found = self.policies.limit_ranges.get(namespace)
        return [found[name] for name in sorted(found)] if found else []


def _defaults(limit_range: LimitRange) -> tuple[Amounts, Amounts]:
    """Default limits and requests of containers; the last item that names a resource counts."""
    default: Amounts = {}
    request: Amounts = {}
    for limit in limit_range.limits:
        if limit.type == "Container":
            default.update(limit.default)
            request.update(limit.default_request)
    return default, request


def _fill(review: Review, default: Amounts, request: Amounts) -> None:
    changed: dict[str, Any] = {}
    for kind in KINDS:
        old = review.spec.get(kind) or ()
        new = [_filled(container, default, request) for container in old]
        if any(a is not b for a, b in zip(new, old, strict=True)):
            changed[kind] = new
    if changed:
        review.set(**changed)


def _filled(container: Raw, default: Amounts, request: Amounts) -> Raw:
    """The container with its defaults, or itself where nothing is missing."""
    block: Raw = container.get("resources") or {}
    limits: Raw = block.get("limits") or {}
    # A limit alone is a request too: the API says so before admission sees the pod.
    requests: Raw = {**limits, **(block.get("requests") or {})}
    more_limits = {k: _text(k, v) for k, v in default.items() if k not in limits}
    more_requests = {k: _text(k, v) for k, v in request.items() if k not in requests}
    if not more_limits and not more_requests:
        return container
    resources = {
        **block,
        "limits": {**limits, **more_limits},
        "requests": {**requests, **more_requests},
    }
    return {**container, "resources": resources}


def _text(name: str, amount: int) -> str:
    """A quantity that is read back as the same amount."""
    return f"{amount}m" if name == "cpu" else str(amount)


def _above_limit(container: Raw) -> str:
    limits = limits_of(container)
    block: Raw = container.get("resources") or {}
    for name, amount in quantities(block.get("requests")).items():
        if name in limits and amount > limits[name]:
            have, most = shown(name, amount), shown(name, limits[name])
            return f"requests.{name}: {have}: must be less than or equal to {name} limit of {most}"
    return ""


def _flaws(limit: Limit, spec: Raw) -> Iterator[str]:
    if limit.type == "Container":
        for container in containers(spec):
            yield from _bounds(limit, requests_of(container), limits_of(container))
    elif limit.type == "Pod":
        requests = total(spec, requests_of, pod_level=False)
        limits = total(spec, limits_of, pod_level=False)
        yield from _bounds(limit, requests, limits)


def _bounds(limit: Limit, requests: Mapping[str, int], limits: Mapping[str, int]) -> Iterator[str]:
    for name in sorted(limit.min):
        yield from _minimum(limit, name, requests.get(name), limits.get(name))
    for name in sorted(limit.max):
        yield from _maximum(limit, name, requests.get(name), limits.get(name))
    for name in sorted(limit.max_ratio):
        yield from _ratio(limit, name, requests.get(name), limits.get(name))


def _minimum(limit: Limit, name: str, request: int | None, most: int | None) -> Iterator[str]:
    bound = limit.min[name]
    words = f"minimum {name} usage per {limit.type} is {shown(name, bound)}"
    if request is None:
        yield f"{words}. No request is specified"
    elif request < bound:
        yield f"{words}, but request is {shown(name, request)}"
    elif most is not None and most < bound:
        yield f"{words}, but limit is {shown(name, most)}"


def _maximum(limit: Limit, name: str, request: int | None, most: int | None) -> Iterator[str]:
    bound = limit.max[name]
    words = f"maximum {name} usage per {limit.type} is {shown(name, bound)}"
    if most is None:
        yield f"{words}. No limit is specified"
    elif most > bound:
        yield f"{words}, but limit is {shown(name, most)}"
    elif request is not None and request > bound:
        yield f"{words}, but request is {shown(name, request)}"


def _ratio(limit: Limit, name: str, request: int | None, most: int | None) -> Iterator[str]:
    bound = limit.max_ratio[name]
    words = f"{name} max limit to request ratio per {limit.type} is {shown('cpu', bound)}"
    if not request:
        yield f"{words}, but no request is specified or request is 0"
    elif not most:
        yield f"{words}, but no limit is specified or limit is 0"
    elif most * 1000 > bound * request:
        yield f"{words}, but provided ratio is {most / request:f}"
