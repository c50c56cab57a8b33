"""L1: what the specs of StatefulSets and the like must look like, their pod templates apart.

Law: lenient about fields that are not simulated, exact about words that choose a behaviour.

Mirrors: validation of apps/v1, v1.36.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

Number: TypeAlias = Annotated[int, Field(strict=True, ge=0, lt=2**31)]


class Lenient(BaseModel):
    """An object of Kubernetes has far more fields than are simulated."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        defer_build=True,
    )


def _portion(value: Any) -> Any:
    if type(value) is int and value >= 0:
        return value
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal():
        return value
    raise PydanticCustomError("E105", "{text}", {"text": "expected a number of pods or 25%"})


Portion: TypeAlias = Annotated[Any, AfterValidator(_portion)]


class _SetRolling(Lenient):
    partition: Number | None = None


class _SetStrategy(Lenient):
    type: Literal["RollingUpdate", "OnDelete"] | None = None
    rolling_update: _SetRolling | None = None


class _Retention(Lenient):
    when_deleted: Literal["Retain", "Delete"] | None = None
    when_scaled: Literal["Retain", "Delete"] | None = None


class _Ordinals(Lenient):
    start: Number | None = None


class _ClaimMeta(Lenient):
    name: Annotated[str, Field(min_length=1)]


class _ClaimTemplate(Lenient):
    metadata: _ClaimMeta
    spec: dict[str, Any] = Field(default_factory=dict)


class StatefulSetSpec(Lenient):
    """apps/v1 StatefulSet."""

    pod_management_policy: Literal["OrderedReady", "Parallel"] | None = None
    update_strategy: _SetStrategy | None = None
    persistent_volume_claim_retention_policy: _Retention | None = None
    ordinals: _Ordinals | None = None
    volume_claim_templates: list[_ClaimTemplate] | None = None


class _DaemonRolling(Lenient):
    max_surge: Portion = 0
    max_unavailable: Portion = 1


class _DaemonStrategy(Lenient):
    type: Literal["RollingUpdate", "OnDelete"] | None = None
    rolling_update: _DaemonRolling | None = None


class DaemonSetSpec(Lenient):
    """apps/v1 DaemonSet."""

    update_strategy: _DaemonStrategy | None = None
