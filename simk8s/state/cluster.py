"""The state of one simulated cluster: nodes, pods and what they are made of.

Two kinds of fact live here side by side. What the API server stores (a pod's phase and node, a
node's spec) changes when a write commits. What the scheduler's cache has charged (`pods.charged`,
`nodes.free`) changes when the scheduler assumes a pod or hears that one is gone. The audit holds
the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum

from simk8s.state.affinity import NO_AFFINITY, PodAffinity, PodTerm
from simk8s.state.configs import Configs
from simk8s.state.flocks import Flocks
from simk8s.state.nodes import NodeTable
from simk8s.state.objects import Objects
from simk8s.state.pods import NEVER, Phase, PodTable
from simk8s.state.policies import Policies
from simk8s.state.requests import Requests, RequestTable
from simk8s.state.resources import GPU_NAMES, ResourceIndex
from simk8s.state.shapes import PodTemplate, TemplateTable
from simk8s.state.tallies import Kind, Tallies
from simk8s.state.volumes import Volumes


class TermKind(IntEnum):
    """The four kinds of affinity term."""

    REQUIRED = 0
    PREFERRED = 1
    ANTI_REQUIRED = 2
    ANTI_PREFERRED = 3


GOES = (Kind.REMOVED_TERMINATING, Kind.REMOVED)
COMES = (Kind.ADDED_TERMINATING, Kind.ADDED)
"""How a pod is counted, by whether its deletion has not begun."""
TERMINAL = (Phase.SUCCEEDED, Phase.FAILED, Phase.GONE)


class Cluster:
    """Everything that a simulation knows about its cluster."""

    def __init__(self, gpu_names: tuple[str, ...] = GPU_NAMES) -> None:
        self.resources = ResourceIndex(gpu_names)
        self.requests = RequestTable()
        self.templates = TemplateTable(self.resources, self.requests)
        self.nodes = NodeTable(self.resources)
        self.pods = PodTable()
        self.objects = Objects()
        self.policies = Policies(self)
        self.volumes = Volumes()
        self.configs = Configs()
        self.tallies = Tallies(self)
        self.flocks = Flocks(self)
        self.terms: dict[tuple[TermKind, PodTerm], int] = {}
        """Affinity terms of charged pods, and how many pods have each."""
        self.terms_version = 0
        """Moves on when a term comes to be or ceases to be among them."""
        self.workloads: list[str] = []
        self.origins: dict[int, tuple[str, str]] = {}
        """(kind, name) of the object that a workload's pods come from, where there is one."""
        self.owners: list[str] = []
        """Names of owning objects, `ReplicaSet/web`, by owner number."""
        self.counts = False
        """Whether somebody counts pods as they come and go: `_count` has to be called."""
        self._alike: dict[int, dict[int, None]] | None = None
        """Pods on nodes by template number, once somebody has asked."""
        self.charged = 0
        """Pods on nodes, as the scheduler's cache has it."""
        self.drops_unfit: set[int] = set()
        """Workloads whose pods are dropped, not retried, when they do not fit (looked up, never
        iterated).
        """
        self.nominations: dict[int, dict[int, None]] = {}
        """Pods nominated to a node by preemption and not yet bound."""
        self.nomination_version = 0

    @property
    def stamp(self) -> tuple[int, ...]:
        """Equal stamps: nothing that scheduling reads has changed in between."""
        nodes = self.nodes
        return (
            nodes.dirty_base + len(nodes.dirty),
            nodes.spec_version,
            self.tallies.end,
            self.nomination_version,
            self.objects.version,
            self.objects.controllers_version,
            self.objects.budgets_version,
            self.volumes.version,
        )

    def workload(self, name: str) -> int:
        """Number of a workload; a new one for each call."""
        self.workloads.append(name)
        return len(self.workloads) - 1

    def owner(self, name: str) -> int:
        """Number of an owning object; a new one for each call."""
        self.owners.append(name)
        return len(self.owners) - 1

    def controller_of(self, pod: int) -> tuple[str, str] | None:
        """(kind, name) of the object that a pod belongs to, None for none."""
        owner = NEVER if pod < 0 else self.pods.owner[pod]
        if owner == NEVER:
            return None
        kind, _, name = self.owners[owner].partition("/")
        return kind, name

    def owner_name(self, owner: int) -> str | None:
        """Name of an owner number, None for none."""
        return None if owner == NEVER else self.owners[owner]

    def template_of(self, pod: int) -> PodTemplate:
        """The template of a pod."""
        return self.templates.items[self.pods.template[pod]]

    def requests_of(self, pod: int) -> Requests:
        """What a pod asks for."""
        return self.requests.items[self.pods.requests[pod]]

    def name_of(self, pod: int) -> str:
        """A pod's name, made up from its workload and ordinal unless it was given one."""
        given = self.pods.names.get(pod)
        if given is not None:
            return given
        return f"{self.workloads[self.pods.workload[pod]]}-{self.pods.ordinal[pod]}"

    def charge(self, pod: int, node: int, devices: int) -> None:
        """The scheduler's cache counts a pod on a node (assumed or confirmed)."""
        pods = self.pods
        requests = self.requests.items[pods.requests[pod]]
        self.nodes.charge(node, pod, requests, devices)
        pods.charged[pod] = node
        self.charged += 1
        if not requests.plain:
            pods.devices[pod] = devices
        if self.counts or self.templates.affine:
            self._count(pod, node, 1)

    def release(self, pod: int) -> int:
        """The scheduler's cache forgets a pod; the node it was on, or -1."""
        pods = self.pods
        node = pods.charged[pod]
        if node != NEVER:
            requests = self.nodes.release(node, pod)
            pods.charged[pod] = NEVER
            self.charged -= 1
            if not requests.plain and pods.devices[pod]:
                self.nodes.take_devices(node, pods.devices[pod], -requests.gpu.milli)
            if self.counts or self.templates.affine:
                self._count(pod, node, -1)
        return node

    def _count(self, pod: int, node: int, change: int) -> None:
        """Whoever counts pods hears of one that comes to a node (1) or leaves it (−1)."""
        pods = self.pods
        live = pods.deletion_us[pod] == NEVER
        if self._alike is not None:
            alike = self._alike.setdefault(pods.template[pod], {})
            if change > 0:
                alike[pod] = None
            else:
                del alike[pod]
        if self.tallies.by_key:
            self.tallies.note(pod, node, COMES[live] if change > 0 else GOES[live])
        if self.flocks.by_key and live:
            self.flocks.move(pod, node, change)
        affinity = self.templates.items[pods.template[pod]].affinity
        if affinity is not NO_AFFINITY:
            self._count_terms(affinity, change)

    def charged_of(self, template: int) -> Iterable[int]:
        """Pods on nodes of a template; kept from the first time on that somebody asks."""
        if self._alike is None:
            self._alike, self.counts = {}, True
            for listed in self.nodes.pods_on:
                for pod in listed:
                    self._alike.setdefault(self.pods.template[pod], {})[pod] = None
        return self._alike.get(template, ())

    def terminate(self, pod: int, deletion_us: int) -> None:
        """A pod gets its deletion timestamp."""
        if self.pods.deletion_us[pod] == NEVER:
            self.pods.deletion_us[pod] = deletion_us
            node = self.pods.charged[pod]
            if node != NEVER:
                self.tallies.note(pod, node, Kind.TERMINATING)
                if self.flocks.by_key:
                    self.flocks.move(pod, node, -1)

    def is_live(self, pod: int) -> bool:
        """Whether its deletion has not begun."""
        return self.pods.deletion_us[pod] == NEVER

    def arrival(self, pod: int) -> Kind:
        """How a pod is counted when it comes to a node."""
        return COMES[self.is_live(pod)]

    def _count_terms(self, affinity: PodAffinity, change: int) -> None:
        for kind, terms in (
            (TermKind.REQUIRED, affinity.required),
            (TermKind.PREFERRED, affinity.preferred),
            (TermKind.ANTI_REQUIRED, affinity.anti_required),
            (TermKind.ANTI_PREFERRED, affinity.anti_preferred),
        ):
            for term in dict.fromkeys(terms):
                before = self.terms.get((kind, term), 0)
                left = before + change
                if not before or not left:
                    self.terms_version += 1
                if left:
                    self.terms[kind, term] = left
                else:
                    del self.terms[kind, term]

    def nominate(self, pod: int, node: int) -> None:
        """Set (or with -1 clear) a pod's `status.nominatedNodeName`."""
        self.nomination_version += 1
        old = self.pods.nominated[pod]
        if old != NEVER:
            waiting = self.nominations[old]
            del waiting[pod]
            if not waiting:
                del self.nominations[old]
        self.pods.nominated[pod] = node
        if node != NEVER:
            self.nominations.setdefault(node, {})[pod] = None

    def live(self) -> Iterator[int]:
        """Pods whose object exists and that have not ended."""
        for pod, phase in enumerate(self.pods.phase):
            if phase in (Phase.PENDING, Phase.RUNNING):
                yield pod
