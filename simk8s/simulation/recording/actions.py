"""The driver's marks as actions: requests, drains, nodes that join, go, fall silent, come back.

Law: every mark that asks something of the cluster becomes an action, understood or not; a mark
that only tells (a load sample, `done`, an eviction's answer during a drain) does not. Phases of a
run begin with the first action after a `done`, or two seconds or more after the last action.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any

Raw = Mapping[str, Any]
TELLING = ("load", "done", "metrics", "sim_t0")
"""Marks with one of these keys ask nothing."""
ASIDE = ("driver_t", "sent", "returned", "note", "code", "message", "details", "client", "user")
"""Keys that say nothing of what is asked."""
WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("uncordon", ("uncordon",)),
    ("cordon", ("cordon",)),
    ("restore", ("resum", "restor", "recover", "reviv", "heal", "back", "restart", "up again")),
    ("remove nodes", ("delete_node", "deleting_node", "remov", "delete node")),
    ("silence", ("stop", "silen", "fail", "kill", "crash", "dead", "die", "down", "partition",
                 "outage", "fault", "lost", "unreach", "cut", "freez", "pause")),
    ("restore", ("start",)),
)  # fmt: skip
"""What a mark in words of its own asks for: the first of these whose words it has."""
PHASE_GAP_US = 2_000_000
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Action:
    """Something that was done to the cluster."""

    at_us: int
    verb: str
    """POST, PUT, PATCH, DELETE; `drain`, `evict`, `add nodes` or one of `WORDS`; `unknown`."""
    path: str = ""
    body: Any = None
    returned_us: int = 0
    implied: bool = False
    """No mark says so, but it is seen that it was done."""
    code: int = 0
    """HTTP status of the answer, if it was written down."""
    user: str = ""
    """Who asked, if there are several."""
    worker: int = -1
    """Which of the driver's workers asked and waited for the answer; -1 = none is known to."""
    renewed_us: Mapping[str, int] = field(default_factory=dict)
    """Of nodes that fall silent: when they must have renewed their leases for the last time."""

    @property
    def title(self) -> str:
        """For people."""
        resource = self.path.partition("/namespaces/")[2].partition("/")[2]
        return f"{self.verb} {resource or self.path.rpartition('/v1/')[2]}{_short(self.body)}"


def _short(body: Any) -> str:
    if not isinstance(body, Mapping):
        return ""
    name = (body.get("metadata") or {}).get("name") if isinstance(body, Mapping) else None
    replicas = (body.get("spec") or {}).get("replicas")
    told = [str(name)] if name else []
    told += [f"replicas {replicas}"] if replicas is not None else []
    if not told and "template" in (body.get("spec") or {}):
        told = ["template"]
    return f" ({', '.join(told)})" if told else ""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a run, from its first action to the next phase."""

    title: str
    start_us: int
    end_us: int


def actions_of(marks: Iterable[tuple[float, Raw]], us: Callable[[float], int]) -> list[Action]:
    """What the driver did, in order of time."""
    found: list[Action] = []
    draining: set[str] = set()  # looked up, never iterated
    for t, mark in marks:
        action = _action(us(mark.get("sent", t)), mark, us, draining)
        if action is not None:
            found.append(action)
    return _with_workers(sorted(_asked_once(found), key=lambda action: action.at_us))


def _asked_once(actions: list[Action]) -> list[Action]:
    """Without what was answered 429 and asked again: here the client asks again by itself."""
    last = {_same(action): place for place, action in enumerate(actions)}
    return [
        action
        for place, action in enumerate(actions)
        if action.code != TOO_MANY or last[_same(action)] == place
    ]


def _same(action: Action) -> tuple[str, str, str]:
    body = action.body if isinstance(action.body, Mapping) else {}
    return action.verb, action.path, str((body.get("metadata") or {}).get("name") or "")


def _with_workers(actions: list[Action]) -> list[Action]:
    """A worker asks again once it is answered: each request goes to the one answered last."""
    free: list[tuple[int, int]] = []
    busy: list[tuple[int, int]] = []
    known, found = 0, []
    for action in actions:
        if action.returned_us <= action.at_us or action.path[:1] != "/":
            found.append(action)
            continue
        while busy and busy[0][0] <= action.at_us:
            free.append(heappop(busy))
        if free:
            _, worker = free.pop()
        else:
            worker, known = known, known + 1
        heappush(busy, (action.returned_us, worker))
        found.append(replace(action, worker=worker))
    return found


def _action(at_us: int, mark: Raw, us: Callable[[float], int], draining: set[str]) -> Action | None:
    returned_us = us(mark["returned"]) if "returned" in mark else at_us
    if "request" in mark:
        path, body, code = str(mark.get("path")), mark.get("body"), int(mark.get("code") or 0)
        user = str(mark.get("user") or "")
        return Action(at_us, str(mark["request"]), path, body, returned_us, False, code, user)
    if "drain" in mark:
        draining.update(str(pod) for pod in mark.get("pods") or ())
        names = _texts(mark["drain"])
        return Action(at_us, "drain", ", ".join(names), names)
    if "evict" in mark:
        if mark["evict"] in draining:
            return None
        return Action(at_us, "evict", str(mark["evict"]), code=int(mark.get("code") or 0))
    for key in ("adding_nodes", "add_nodes", "new_nodes"):
        if isinstance(mark.get(key), list):
            return Action(at_us, "add nodes", body=mark[key])
    told = {key: value for key, value in mark.items() if key not in ASIDE}
    if not told or any(key in TELLING for key in told):
        return None
    return _by_words(at_us, told)


def _by_words(at_us: int, told: Raw) -> Action:
    """A mark in words of its own: `stop_leases: [n001, …]`, `fault: kill, nodes: [n001]`.

    Its words say what is done, its other texts are the names of nodes or of a zone.
    """
    texts = [text for value in told.values() for text in _texts(value)]
    said = " ".join([*told, *texts]).lower()
    for verb, words in WORDS:
        if texts and any(word in said for word in words):
            return Action(at_us, verb, ", ".join(texts), texts)
    return Action(at_us, "unknown", ", ".join(told), dict(told))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items: Iterable[Any] = ()
    if isinstance(value, list):
        items = value
    elif isinstance(value, Mapping):
        items = [*(key for key, inner in value.items() if inner), *value.values()]
    return [text for item in items for text in _texts(item)]


def phases_of(actions: list[Action], done_us: list[int], end_us: int) -> list[Phase]:
    """Stretches between actions; implied ones begin a phase only where no other does."""
    if not actions:
        return []
    starts: list[Action] = []
    last_us = -PHASE_GAP_US
    marked = [action for action in actions if not action.implied]
    for action in marked or actions[:1]:
        over = any(last_us < at_us <= action.at_us for at_us in done_us)
        if over or action.at_us - last_us >= PHASE_GAP_US:
            starts.append(action)
        last_us = action.at_us
    ends = [action.at_us for action in starts[1:]] + [end_us + 1]
    return [
        Phase(action.title, action.at_us, end) for action, end in zip(starts, ends, strict=True)
    ]
