"""A store with nothing but pods and what admission reads."""

from __future__ import annotations

from simk8s.api.policies import Service
from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER, Phase
from simk8s.state.policies import (
    LimitRange,
    Namespace,
    PriorityClass,
    RuntimeClass,
    ServiceAccount,
)
from simk8s.state.quota import Quota
from simk8s.state.requests import drawn_requests

PARSE = {
    "namespaces": Namespace.parse,
    "limitranges": LimitRange.parse,
    "priorityclasses": PriorityClass.parse,
    "runtimeclasses": RuntimeClass.parse,
    "serviceaccounts": ServiceAccount.parse,
    "resourcequotas": Quota.parse,
    "services": Service.parse,
}
GLOBAL = ("namespaces", "priorityclasses", "runtimeclasses")
MAIN = {"name": "main"}


def asks(cpu=None, memory=None, **limits):
    """A container; `asks("1", limit_cpu="2")`."""
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v is not None}
    found = {name.removeprefix("limit_"): value for name, value in limits.items()}
    return {"name": "main", "resources": {"requests": requests, "limits": found}}


class World:
    """Create things, look at pods."""

    def __init__(self):
        self.clock, self.cluster = Clock(), Cluster()
        self.store = Store(self.clock, self.cluster, seed=1)
        self.book = self.cluster.policies.quotas

    def put(self, table, name="one", namespace="team", **raw):
        """Store an object of a small kind."""
        value = PARSE[table]({"metadata": {"name": name}, **raw}, namespace, name)
        key = name if table in GLOBAL else f"{namespace}/{name}"
        answer = self.store.objects(table).create(key, value)
        if table == "resourcequotas" and answer is True:
            self.book.settle(key)
        return answer

    def quota(self, hard, name="one", **spec):
        """A ResourceQuota whose status is known."""
        return self.put("resourcequotas", name, spec={"hard": hard, **spec})

    def limits(self, *items, name="one"):
        """A LimitRange."""
        return self.put("limitranges", name, spec={"limits": list(items)})

    def row(self, *containers, namespace="team", drawn=None, owner=NEVER, **spec):
        """An unborn pod."""
        manifest = {"spec": {"containers": list(containers) or [MAIN], **spec}}
        template = self.cluster.templates.parse(manifest, namespace)
        requests = template.requests
        if drawn:
            rows = {self.cluster.resources[name]: amount for name, amount in drawn.items()}
            requests = drawn_requests(self.cluster.requests, requests, rows)
        workload = 0 if self.cluster.workloads else self.cluster.workload("test")
        return self.cluster.pods.extend(
            1,
            template=template.id,
            requests=requests.id,
            priority=template.priority,
            workload=workload,
            owner=owner,
            ordinal=len(self.cluster.pods),
            phase=Phase.UNBORN,
        ).start

    def create(self, *containers, **options):
        """POST one pod: (its row, the answer)."""
        pod = self.row(*containers, **options)
        return pod, self.store.create_pods((pod,))

    def refusal(self, *containers, **options):
        """Why a pod is refused, as (code, plugin, message)."""
        pod, answer = self.create(*containers, **options)
        assert not answer, "it was created"
        assert self.cluster.pods.phase[pod] != Phase.PENDING
        return answer.code, answer.plugin, answer.message

    def admitted(self, *containers, **options):
        """The template of a pod that has been created."""
        pod, answer = self.create(*containers, **options)
        assert answer is True, str(answer)
        assert self.cluster.pods.phase[pod] == Phase.PENDING
        return self.cluster.template_of(pod)

    def used(self, name="one"):
        """status.used of a quota."""
        return self.book.used[f"team/{name}"]
