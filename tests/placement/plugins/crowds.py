"""Random clusters for plugins that count pods: few labels, many coincidences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from simk8s.placement.base import Query
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import CPU, MEMORY, PODS
from simk8s.state.selectors import Taint
from tests.world import add_pod, pod_manifest, query

ZONE, HOST, RACK = "topology.kubernetes.io/zone", "kubernetes.io/hostname", "rack"
KEYS = st.sampled_from([ZONE, HOST, RACK])
labels = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["x", "y"]))
namespaces = st.sampled_from(["default", "team-a", "team-b"])
KNOWN = {"default": {}, "team-a": {"env": "prod"}, "team-b": {"env": "dev"}}


@st.composite
def node_specs(draw: st.DrawFn) -> list[NodeSpec]:
    """Up to seven nodes, some without a zone or a rack, some tainted."""
    found = []
    for i in range(draw(st.integers(1, 7))):
        own = {HOST: f"n{i}"}
        for key in (ZONE, RACK):
            value = draw(st.sampled_from(["a", "b", "c", None]))
            if value is not None:
                own[key] = value
        taints = (Taint("t", "", "NoSchedule"),) if draw(st.integers(0, 4)) == 0 else ()
        found.append(NodeSpec(f"n{i}", own, {CPU: 64_000, MEMORY: 1 << 40, PODS: 110}, taints))
    return found


selectors = st.one_of(
    st.none(),
    st.builds(lambda m: {"matchLabels": m}, labels),
    st.builds(
        lambda key, op: {
            "matchExpressions": [
                {"key": key, "operator": op, **({"values": ["x"]} if op[-2:] == "In" else {})}
            ]
        },
        st.sampled_from(["app", "tier"]),
        st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    ),
)


@st.composite
def constraint(draw: st.DrawFn) -> dict[str, Any]:
    """One topology spread constraint."""
    raw: dict[str, Any] = {
        "maxSkew": draw(st.integers(1, 3)),
        "topologyKey": draw(KEYS),
        "whenUnsatisfiable": draw(st.sampled_from(["DoNotSchedule", "ScheduleAnyway"])),
        "nodeAffinityPolicy": draw(st.sampled_from(["Honor", "Ignore"])),
        "nodeTaintsPolicy": draw(st.sampled_from(["Honor", "Ignore"])),
    }
    selector = draw(selectors)
    if selector is not None:
        raw["labelSelector"] = selector
    if raw["whenUnsatisfiable"] == "DoNotSchedule" and draw(st.booleans()):
        raw["minDomains"] = draw(st.integers(1, 4))
    return raw


@st.composite
def pod_term(draw: st.DrawFn) -> dict[str, Any]:
    """One affinity term."""
    raw: dict[str, Any] = {"topologyKey": draw(KEYS)}
    selector = draw(selectors)
    if selector is not None:
        raw["labelSelector"] = selector
    if draw(st.booleans()):
        raw["namespaces"] = [draw(namespaces)]
    if draw(st.integers(0, 3)) == 0:
        raw["namespaceSelector"] = draw(st.sampled_from([{}, {"matchLabels": {"env": "prod"}}]))
    return raw


def _weighted(term: dict[str, Any], weight: int) -> dict[str, Any]:
    return {"weight": weight, "podAffinityTerm": term}


weighted = st.builds(_weighted, pod_term(), st.integers(1, 100))
affinities = st.fixed_dictionaries(
    {},
    optional={
        kind: st.fixed_dictionaries(
            {},
            optional={
                "requiredDuringSchedulingIgnoredDuringExecution": st.lists(pod_term(), max_size=2),
                "preferredDuringSchedulingIgnoredDuringExecution": st.lists(weighted, max_size=2),
            },
        )
        for kind in ("podAffinity", "podAntiAffinity")
    },
)


@st.composite
def pods(draw: st.DrawFn, *, spread: bool = False, affinity: bool = False) -> tuple[str, Any]:
    """(namespace, manifest)."""
    spec: dict[str, Any] = {}
    if spread:
        spec["topologySpreadConstraints"] = draw(st.lists(constraint(), max_size=3))
        if draw(st.integers(0, 3)) == 0:
            spec["nodeSelector"] = {ZONE: "a"}
    if affinity and draw(st.booleans()):
        spec["affinity"] = draw(affinities)
    manifest = pod_manifest("100m", "64Mi", metadata={"labels": draw(labels)}, **spec)
    return draw(namespaces), manifest


class Crowd:
    """A cluster with pods on it and one that is to be placed."""

    def __init__(self, specs: list[NodeSpec]) -> None:
        self.cluster = Cluster()
        for name, own in KNOWN.items():
            self.cluster.objects.put_namespace(name, own)
        for spec in specs:
            self.cluster.nodes.add(spec)
        self.view = View(self.cluster)

    def place(self, pod: tuple[str, Mapping[str, Any]], row: int, *, leaving: bool = False) -> int:
        """A pod on a node."""
        added = self.pending(pod).pod
        if leaving:
            self.cluster.terminate(added, 1)
        self.cluster.charge(added, row % self.cluster.nodes.n, 0)
        return added

    def pending(self, pod: tuple[str, Mapping[str, Any]]) -> Query:
        """A pod that wants a node."""
        namespace, manifest = pod
        template = self.cluster.templates.parse(manifest, namespace)
        return query(self.cluster, add_pod(self.cluster, template))
