"""L1: parts of a pod template that few templates have: affinity, probes, hooks.

Law: as in `podspec`, whose fields they are; each is imported when a template says something of it.
Mirrors: core/v1 Affinity, Probe and Lifecycle, v1.36.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from simk8s.scenario.podspec import Kubernetes


class Expression(Kubernetes):
    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: list[str] = Field(default_factory=list)


class NodeTerm(Kubernetes):
    match_expressions: list[Expression] = Field(default_factory=list)
    match_fields: list[Expression] = Field(default_factory=list)


class NodeTerms(Kubernetes):
    node_selector_terms: list[NodeTerm] = Field(min_length=1)


class PreferredTerm(Kubernetes):
    weight: Annotated[int, Field(ge=1, le=100)]
    preference: NodeTerm


class NodeAffinity(Kubernetes):
    required_during_scheduling_ignored_during_execution: NodeTerms | None = None
    preferred_during_scheduling_ignored_during_execution: list[PreferredTerm] = Field(
        default_factory=list
    )


class Affinity(Kubernetes):
    node_affinity: NodeAffinity | None = None
    pod_affinity: dict[str, Any] | None = None
    pod_anti_affinity: dict[str, Any] | None = None


Seconds: TypeAlias = Annotated[int, Field(ge=0, le=2**31)]


class _Handler(Kubernetes):
    """What is called changes nothing: what it takes and answers is said by annotations."""

    exec: dict[str, Any] | None = None
    http_get: dict[str, Any] | None = None
    tcp_socket: dict[str, Any] | None = None


class Probe(_Handler):
    grpc: dict[str, Any] | None = None
    initial_delay_seconds: Seconds = 0
    period_seconds: Seconds = 0
    timeout_seconds: Seconds = 0
    success_threshold: Seconds = 0
    failure_threshold: Seconds = 0
    termination_grace_period_seconds: Seconds | None = None


class Sleep(Kubernetes):
    seconds: Seconds


class Hook(_Handler):
    sleep: Sleep | None = None


class Lifecycle(Kubernetes):
    post_start: Hook | None = None
    pre_stop: Hook | None = None
    stop_signal: str | None = None


class SchedulingGroup(Kubernetes):
    """The PodGroup that a pod belongs to."""

    pod_group_name: Annotated[str, Field(min_length=1)]
