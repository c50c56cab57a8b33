"""What a template's containers are and do, parsed once: steps of the start, probes, behaviour.

Law: one `Life` a template. A `plain` one needs no more than two instants: when it starts and when
it ends. Behaviour comes from `simk8s.io/…` annotations and the scenario's rules and holds for every
app container alike, so the app containers of a pod start, fail and restart together.

Mirrors: core/v1 defaulting of imagePullPolicy and probes, restartable init containers (sidecars),
lifecycle hooks with `sleep`, v1.36. Departs: exec and httpGet hooks take as long as
`simk8s.io/pre-stop` says, or no time; sidecars have no probes and never end by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from simk8s.nodes.behaviours import Behaviour, Behaviours, Varied, planned
from simk8s.nodes.probes import NEVER, SECOND, Probe, Probes
from simk8s.scenario.annotations import traits
from simk8s.scenario.behaviour import NOTHING, Traits
from simk8s.scenario.needs import Need, needs_of
from simk8s.state.cluster import Cluster
from simk8s.state.images import normal_name
from simk8s.state.shapes import PodTemplate


class Kind(IntEnum):
    """What follows the start of a container."""

    APP = 0
    INIT = 1
    SIDECAR = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One container of the start path."""

    image: str = ""
    """Normalised; empty = none is named, and nothing is pulled."""
    policy: str = "IfNotPresent"
    kind: Kind = Kind.APP
    post_start_us: int = 0


@dataclass(frozen=True, slots=True)
class Life:
    """See the module."""

    steps: tuple[Step, ...]
    probes: tuple[Probes, ...]
    """Of the app containers that have some."""
    acts: Behaviour
    restart_policy: str
    grace_us: int
    pre_stop_us: int
    sidecars: int
    mounts: bool
    """Whether its start waits for a volume."""
    token: bool
    """Whether one of them is a service account's token."""
    plain: bool
    """Started at one instant, ended at another, nothing in between."""
    direct: bool
    """One container whose start takes no more than its start."""
    varied: Varied | None = None
    """What of it has to be drawn for each pod."""
    needs: tuple[Need, ...] = ()
    """ConfigMaps and Secrets without which it does not start."""

    @property
    def images(self) -> Iterator[str]:
        """All that it runs."""
        return (step.image for step in self.steps if step.image)


class Lives:
    """Lives by template (and workload, where rules tell workloads apart), parsed when they are
    first asked for.
    """

    def __init__(self, cluster: Cluster, behaviours: Behaviours, *, fake: bool) -> None:
        self._cluster, self._behaviours = cluster, behaviours
        self._fake = fake
        self._by_workload = behaviours.by_workload
        self._known: dict[int | tuple[int, int], Life] = {}
        self.own: dict[int, tuple[int, Life]] = {}
        """Of pods with draws of their own: (number of the start, life)."""
        self.quiet: set[int] = set()
        """Templates known to be `plain`, with nothing said of how long their pods live (looked
        up, never iterated).
        """

    def of(self, pod: int) -> Life:
        """A pod's, as of the present start of its containers."""
        pods = self._cluster.pods
        template = pods.template[pod]
        key = (template, pods.workload[pod]) if self._by_workload else template
        life = self._known.get(key)
        if life is None:
            made = self._cluster.templates.items[template]
            said = self._behaviours.of(pod)
            life = self._known[key] = life_of(made, said, fake=self._fake)
            drawn = self._by_workload or life.varied is not None
            if life.plain and not drawn and life.acts.lifetime_us == NEVER:
                self.quiet.add(template)
        return life if life.varied is None else self._drawn(pod, life, life.varied)

    def _drawn(self, pod: int, life: Life, varied: Varied) -> Life:
        start, known = self._cluster.pods.restarts[pod], self.own.get(pod)
        if known is not None and known[0] == start:
            return known[1]
        behaviours = self._behaviours
        acts = varied.at(behaviours.lots, behaviours.name_of(pod), start)
        hook_us = life.pre_stop_us if acts.pre_stop_us == NEVER else acts.pre_stop_us
        own = replace(life, acts=acts, pre_stop_us=hook_us)
        self.own[pod] = (start, own)
        return own


_NOT_FAKED = dict.fromkeys(("startup", "ready_after", "hang_after", "pre_stop"))
"""What a fake kubelet knows nothing of."""
_NOTHING = planned(NOTHING)
_FAKED = (Step(),)


def life_of(template: PodTemplate, said: Traits | None = None, *, fake: bool = False) -> Life:
    """The life of a template's pods; a fake kubelet knows neither steps, hooks nor probes."""
    spec = template.spec
    said = traits(template.annotations) if said is None else said
    if said is NOTHING:
        acts, varied = _NOTHING
    else:
        acts, varied = planned(said.model_copy(update=_NOT_FAKED) if fake else said)
    probes = () if fake else tuple(_probes(spec))
    steps = _FAKED if fake else tuple(_steps(spec))
    token = not fake and spec.get("automountServiceAccountToken") is not False
    return Life(
        steps=steps,
        probes=probes,
        acts=acts,
        restart_policy=template.restart_policy,
        grace_us=template.grace_us,
        pre_stop_us=_pre_stop(spec, acts),
        sidecars=0 if fake else sum(step.kind is Kind.SIDECAR for step in steps),
        mounts=token or bool(template.volumes),
        token=token,
        plain=(said is NOTHING or _quiet(said)) and not probes,
        direct=len(steps) == 1 and not steps[0].post_start_us and steps[0].kind is Kind.APP,
        varied=varied,
        needs=() if fake else needs_of(spec),
    )


def _quiet(said: Traits) -> bool:
    """Whether its containers do nothing between their start and the end of its lifetime."""
    ends = (said.run_duration, said.crash_after, said.hang_after, said.failure_rate)
    return not said.exit_code and all(law is None for law in ends)


def _steps(spec: Mapping[str, Any]) -> Iterator[Step]:
    for raw in spec.get("initContainers") or ():
        sidecar = raw.get("restartPolicy") == "Always"
        yield _step(raw, Kind.SIDECAR if sidecar else Kind.INIT)
    for raw in spec.get("containers") or ():
        yield _step(raw, Kind.APP)


def _step(raw: Mapping[str, Any], kind: Kind) -> Step:
    named = str(raw.get("image") or "")
    image = normal_name(named) if named else ""
    latest = image.endswith(":latest")
    policy = str(raw.get("imagePullPolicy") or ("Always" if latest else "IfNotPresent"))
    hook = (raw.get("lifecycle") or {}).get("postStart") or {}
    return Step(image, policy, kind, _sleep_us(hook))


def _probes(spec: Mapping[str, Any]) -> Iterator[Probes]:
    for raw in spec.get("containers") or ():
        found = Probes(
            Probe.parse(raw.get("startupProbe")),
            Probe.parse(raw.get("readinessProbe")),
            Probe.parse(raw.get("livenessProbe")),
        )
        if found:
            yield found


def _sleep_us(hook: Mapping[str, Any]) -> int:
    return int((hook.get("sleep") or {}).get("seconds") or 0) * SECOND


def _pre_stop(spec: Mapping[str, Any], acts: Behaviour) -> int:
    hooks = [
        (raw.get("lifecycle") or {}).get("preStop") or {} for raw in spec.get("containers") or ()
    ]
    if acts.pre_stop_us != NEVER:
        return acts.pre_stop_us
    return max((_sleep_us(hook) for hook in hooks), default=0)
