"""What a template's containers are and do, parsed once: steps of the start, probes, behaviour.

Law: one `Life` a template. A `plain` one needs no more than two instants: when it starts and when
it ends. Behaviour comes from `simk8s.io/…` annotations and holds for every app container alike, so
the app containers of a pod start, fail and restart together.

Mirrors: core/v1 defaulting of imagePullPolicy and probes, restartable init containers (sidecars),
lifecycle hooks with `sleep`, v1.36. Departs: exec and httpGet hooks take as long as
`simk8s.io/pre-stop` says, or no time; sidecars have no probes and never end by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from simk8s.nodes.probes import NEVER, SECOND, Probe, Probes
from simk8s.scenario.annotations import Behaviour, behaviour
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
    needs: tuple[Need, ...] = ()
    """ConfigMaps and Secrets without which it does not start."""

    @property
    def images(self) -> Iterator[str]:
        """All that it runs."""
        return (step.image for step in self.steps if step.image)


class Lives:
    """Lives by template, parsed when they are first asked for."""

    def __init__(self, cluster: Cluster, *, fake: bool) -> None:
        self._cluster = cluster
        self._fake = fake
        self._known: dict[int, Life] = {}

    def of(self, pod: int) -> Life:
        """A pod's."""
        template = self._cluster.pods.template[pod]
        life = self._known.get(template)
        if life is None:
            made = self._cluster.templates.items[template]
            life = self._known[template] = life_of(made, fake=self._fake)
        return life


def life_of(template: PodTemplate, *, fake: bool = False) -> Life:
    """The life of a template's pods; a fake kubelet knows neither steps, hooks nor probes."""
    spec = template.spec
    acts = behaviour(template.annotations)
    probes = () if fake else tuple(_probes(spec))
    steps = (Step(),) if fake else tuple(_steps(spec))
    token = not fake and spec.get("automountServiceAccountToken") is not False
    quiet = (acts.run_us, acts.exit_code, acts.crash_us, acts.hang_us) == (NEVER, 0, NEVER, NEVER)
    if fake:
        acts = acts._replace(startup_us=0, hang_us=NEVER, pre_stop_us=0)
    return Life(
        steps=steps,
        probes=probes,
        acts=acts,
        restart_policy=template.restart_policy,
        grace_us=template.grace_us,
        pre_stop_us=_pre_stop(spec, acts),
        sidecars=sum(step.kind is Kind.SIDECAR for step in steps),
        mounts=token or bool(template.volumes),
        token=token,
        plain=quiet and not probes,
        direct=len(steps) == 1 and not steps[0].post_start_us and steps[0].kind is Kind.APP,
        needs=() if fake else needs_of(spec),
    )


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
