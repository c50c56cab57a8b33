"""What each pod does: rules of the scenario and annotations of its template, drawn where they are
laws of chance.

Law: a pod's draws are a pure function of the seed, the pod (its namespace, the object that it
belongs to, its number there), the value drawn and the number of the start: no other draw moves
with them, and strategies compared on one seed meet the same behaviour. Lifetime, init containers,
stop and preStop are drawn once for each pod, all else at each start of its containers.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.random import Generator, Philox

from simk8s.kernel import draws
from simk8s.scenario.annotations import traits
from simk8s.scenario.behaviour import BehaviourRule, Subject, Traits, said_of
from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER
from simk8s.units import MAX_DURATION_US

if TYPE_CHECKING:
    from simk8s.kernel.draws import Draws
    from simk8s.scenario.usage import Usage


class Behaviour(NamedTuple):
    """What a pod does in one start of its containers, in µs; -1 where nothing is said."""

    lifetime_us: int = NEVER
    startup_us: int = 0
    ready_us: int = 0
    init_us: int = 0
    run_us: int = NEVER
    exit_code: int = 0
    crash_us: int = NEVER
    hang_us: int = NEVER
    stop_us: int = NEVER
    pre_stop_us: int = NEVER


_FIELDS = {
    "lifetime": "lifetime_us",
    "startup": "startup_us",
    "ready_after": "ready_us",
    "init_duration": "init_us",
    "run_duration": "run_us",
    "crash_after": "crash_us",
    "hang_after": "hang_us",
    "stop": "stop_us",
    "pre_stop": "pre_stop_us",
}
_ONCE = ("lifetime", "init_duration", "stop", "pre_stop")
"""Drawn once for a pod."""


class Lots:
    """A generator for every name, each at its beginning; one at a time."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._bits = Philox(key=0)
        self._state: Any = self._bits.state
        self._generator = Generator(self._bits)

    def draw(self, name: str) -> Generator:
        """The generator of a name; what was handed out before is void."""
        key = blake2b(f"{self._seed}/{name}".encode(), digest_size=16).digest()
        self._state["state"]["key"] = np.frombuffer(key, "<u8")
        self._bits.state = self._state
        return self._generator


class Varied(NamedTuple):
    """What differs from pod to pod, or from start to start."""

    fixed: Behaviour
    laws: tuple[tuple[str, bool, Draws], ...]
    """(field of `Behaviour`, once for a pod, its law)."""
    chance: float | None
    """That a start fails; None: as `crash_us` says."""

    def at(self, lots: Lots, pod: str, start: int) -> Behaviour:
        """What the pod of this name does in its start of this number."""
        found = {
            field: _whole(field, law(lots.draw(f"{pod}/{field}/{0 if once else start}"), 1)[0])
            for field, once, law in self.laws
        }
        acts = self.fixed._replace(**found)
        if self.chance is None:
            return acts
        if lots.draw(f"{pod}/failure/{start}").random() >= self.chance:
            return acts._replace(crash_us=NEVER)
        return acts if acts.crash_us != NEVER else acts._replace(crash_us=acts.startup_us)


def _whole(field: str, drawn: float) -> int:
    """Microseconds, at least one of a lifetime; one number is not worth numpy's rounding."""
    least = int(field == "lifetime_us")
    return round(min(max(float(drawn), least), MAX_DURATION_US))


def planned(said: Traits) -> tuple[Behaviour, Varied | None]:
    """What always holds, and what has to be drawn, if anything has."""
    fixed: dict[str, int] = {} if said.exit_code is None else {"exit_code": said.exit_code}
    laws: list[tuple[str, bool, Draws]] = []
    for name, field in _FIELDS.items():
        law = getattr(said, name)
        if law is None:
            continue
        if law.kind == "constant":
            fixed[field] = max(law.law, int(name == "lifetime"))
        else:
            laws.append((field, name in _ONCE, draws.sampler(law)))
    acts = Behaviour(**fixed)
    if not laws and said.failure_rate is None:
        return acts, None
    return acts, Varied(acts, tuple(laws), said.failure_rate)


class Behaviours:
    """What is said of each pod, by the template and the workload that it belongs to."""

    def __init__(self, cluster: Cluster, seed: int, rules: Sequence[BehaviourRule] = ()) -> None:
        self._cluster, self._rules = cluster, rules
        self._known: dict[tuple[int, int], Traits] = {}
        self._whose: dict[tuple[int, int, int], str] = {}
        self.lots = Lots(seed)
        self.by_workload = bool(rules)
        """Whether pods of one template may differ by whose they are."""

    def of(self, pod: int) -> Traits:
        """What annotations and rules say of a pod."""
        pods = self._cluster.pods
        key = (pods.template[pod], pods.workload[pod])
        found = self._known.get(key)
        if found is None:
            template = self._cluster.template_of(pod)
            found = traits(template.annotations)
            if self._rules:
                found = found.over(said_of(self._rules, self.subject(pod)))
            self._known[key] = found
        return found

    def usage_of(self, pod: int) -> Usage | None:
        """What is said of the CPU and memory that it uses."""
        return self.of(pod).usage

    def subject(self, pod: int) -> Subject:
        """What rules look at."""
        cluster, template = self._cluster, self._cluster.template_of(pod)
        number = cluster.pods.workload[pod]
        workload = cluster.workloads[number]
        kind, name = cluster.origins.get(number, ("Pod", workload))
        return Subject(kind, name, template.namespace, workload, template.labels)

    def name_of(self, pod: int) -> str:
        """What a pod's draws go by: the same whenever and in whatever order pods are made."""
        pods = self._cluster.pods
        key = (pods.template[pod], pods.workload[pod], pods.owner[pod])
        whose = self._whose.get(key)
        if whose is None:
            subject, owner = self.subject(pod), self._cluster.owner_name(key[2])
            parts = (subject.namespace, subject.workload, subject.kind, subject.name, owner)
            whose = self._whose[key] = "/".join(map(str, ("behaviour", *parts)))
        return f"{whose}/{pods.ordinal[pod]}"
