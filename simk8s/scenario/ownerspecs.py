"""L1: what the specs of StatefulSets and the like must look like, their pod templates apart.

Law: lenient about fields that are not simulated, exact about words that choose a behaviour.

Mirrors: validation of apps/v1, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from simk8s.scenario.cron import parse
from simk8s.units import indexes_of

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


def portion(example: str) -> Callable[[Any], Any]:
    """Checks a number of pods or a percentage."""

    def check(value: Any) -> Any:
        if type(value) is int and value >= 0:
            return value
        if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal():
            return value
        text = f"expected a number of pods or {example}"
        raise PydanticCustomError("E105", "{text}", {"text": text})

    return check


Portion: TypeAlias = Annotated[Any, AfterValidator(portion("25%"))]


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


class _ExitCodes(Lenient):
    operator: Literal["In", "NotIn"]
    values: list[Annotated[int, Field(strict=True)]] = Field(min_length=1)


class _PodCondition(Lenient):
    type: str


class _FailureRule(Lenient):
    action: Literal["FailJob", "FailIndex", "Ignore", "Count"]
    on_exit_codes: _ExitCodes | None = None
    on_pod_conditions: list[_PodCondition] | None = None


class _FailurePolicy(Lenient):
    rules: list[_FailureRule] = Field(default_factory=list)


def _indexes(text: str) -> str:
    try:
        indexes_of(text)
    except ValueError as error:
        words = "expected indexes like 0,2-4"
        raise PydanticCustomError("E105", "{text}", {"text": words}) from error
    return text


class _SuccessRule(Lenient):
    succeeded_indexes: Annotated[str, AfterValidator(_indexes)] | None = None
    succeeded_count: Number | None = None


class _SuccessPolicy(Lenient):
    rules: list[_SuccessRule] = Field(default_factory=list)


class JobSpec(Lenient):
    """batch/v1 Job."""

    completions: Number | None = None
    completion_mode: Literal["NonIndexed", "Indexed"] | None = None
    pod_replacement_policy: Literal["TerminatingOrFailed", "Failed"] | None = None
    pod_failure_policy: _FailurePolicy | None = None
    success_policy: _SuccessPolicy | None = None
    suspend: bool | None = None

    @model_validator(mode="after")
    def _counts(self) -> JobSpec:
        if self.completion_mode == "Indexed" and self.completions is None:
            words = "an Indexed Job needs completions"
            raise PydanticCustomError("E105", "{text}", {"text": words})
        return self


class _JobTemplate(Lenient):
    spec: JobSpec


class CronJobSpec(Lenient):
    """batch/v1 CronJob."""

    schedule: str
    time_zone: str | None = None
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] | None = None
    suspend: bool | None = None
    job_template: _JobTemplate

    @model_validator(mode="after")
    def _parses(self) -> CronJobSpec:
        try:
            parse(self.schedule, self.time_zone or "")
        except ValueError as error:
            raise PydanticCustomError("E105", "{text}", {"text": str(error)}) from error
        return self
