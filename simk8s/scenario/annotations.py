"""L1: `simk8s.io/…` annotations of a pod template: how its containers behave.

Kubernetes says what containers are, not what they do; these annotations do:

| annotation | meaning |
|---|---|
| `simk8s.io/lifetime: 10m` | the pod ends for good after so long |
| `simk8s.io/startup: 5s` | from its start until an app container answers probes |
| `simk8s.io/ready-after: 8s` | from its start until it answers readiness probes, if that is later |
| `simk8s.io/init-duration: 2s` | how long each init container runs |
| `simk8s.io/run-seconds: "30"` | app containers end after so long, with the exit code below |
| `simk8s.io/exit-code: "1"` | how app containers end (default 0) |
| `simk8s.io/failure-rate: "0.1"` | so many of their starts fail |
| `simk8s.io/crash-after: 10m` | app containers fail after so long, at every start anew |
| `simk8s.io/hang-after: 10m` | app containers answer no probes after so long |
| `simk8s.io/stop: 2s` | how long app containers take to end after SIGTERM |
| `simk8s.io/pre-stop: 5s` | how long the preStop hook takes |
| `simk8s.io/cpu-usage: 70%` | CPU that the pod uses, as `usage.cpu` of a scenario (`usage.py`) |
| `simk8s.io/memory-usage: 60%` | memory that it uses |
| `simk8s.io/ephemeral-storage-usage: 1Gi` | local disk that it uses |
| `simk8s.io/pids-usage: "40"` | its processes |
| `simk8s.io/cpu-work: 10m` | CPU time after which its containers are done |
| `simk8s.io/gang-size: "8"` | so many pods of its group or owner start together (strategies) |
| `simk8s.io/estimate: 2h` | how long it is said to run (strategy `gang_backfill`) |

Law: what is written applies to every app container of the pod alike; a duration may be a
distribution in YAML's short form (`"{exponential: {mean: 5m}}"`); a name that is none of these is
an error with did-you-mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from simk8s import units
from simk8s.catalog import suggest
from simk8s.scenario.distributions import DurationDistribution
from simk8s.scenario.reading import read_value

if TYPE_CHECKING:
    from simk8s.scenario.behaviour import Traits

PREFIX = "simk8s.io/"
_FIELDS = {
    "lifetime": "lifetime",
    "startup": "startup",
    "ready-after": "ready_after",
    "init-duration": "init_duration",
    "crash-after": "crash_after",
    "hang-after": "hang_after",
    "stop": "stop",
    "pre-stop": "pre_stop",
    "run-seconds": "run_duration",
    "exit-code": "exit_code",
    "failure-rate": "failure_rate",
}
"""Annotation -> what it says, as `behaviour:` calls it."""
USAGE: Mapping[str, str] = {
    "cpu-usage": "cpu",
    "memory-usage": "memory",
    "ephemeral-storage-usage": "ephemeral-storage",
    "pids-usage": "pids",
    "cpu-work": "work",
}
"""Annotation -> the field of `usage.Usage` that it is."""
# Of other rooms: state/effective and strategies/_gangs read them.
_ELSEWHERE = ("gpu-milli", "gpu-models", "gang-size", "estimate")
NAMES = (*_FIELDS, *_ELSEWHERE, *USAGE)


class Wrong(NamedTuple):
    """An annotation that cannot be meant."""

    key: str
    code: str
    text: str
    hint: str | None


def _value(name: str, text: str) -> Any:
    if name == "exit-code":
        code = int(text) if text.strip().isdecimal() else -1
        if not 0 <= code <= 255:
            raise ValueError(f"an exit code is a whole number from 0 to 255, not {text!r}")
        return code
    if name == "failure-rate":
        return _share(text)
    return _duration(name, text.strip())


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"expected a share from 0 to 1, not {text!r}")
    return share


def _duration(name: str, text: str) -> DurationDistribution:
    if not text.startswith("{"):
        if name == "run-seconds" and text.replace(".", "", 1).isdecimal():
            text = f"{text}s"
        units.duration_us(text)  # says best what is wrong with it
        return DurationDistribution.model_validate(text)
    try:
        return DurationDistribution.model_validate(read_value(text))
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from None


def traits(annotations: Mapping[str, str]) -> Traits:
    """What valid annotations say; ValueError where they say nothing sensible."""
    from simk8s.scenario.behaviour import NOTHING, Traits  # few templates have any
    from simk8s.scenario.usage import from_annotations

    if not annotations:
        return NOTHING
    found: dict[str, Any] = {}
    for key, text in annotations.items():
        name = str(key).removeprefix(PREFIX)
        if name != key and name in _FIELDS:
            found[_FIELDS[name]] = _value(name, str(text))
    used = from_annotations(annotations, PREFIX)
    if used is not None:
        found["usage"] = used
    return Traits.model_construct(**found) if found else NOTHING


def wrong(annotations: Mapping[str, str]) -> Iterator[Wrong]:
    """Annotations of ours that mean nothing."""
    for key, text in annotations.items():
        name = str(key).removeprefix(PREFIX)
        if name == key or name in _ELSEWHERE:
            continue
        if name not in NAMES:
            near = suggest(name, NAMES)
            hint = f"did you mean {PREFIX + near!r}?" if near else f"known: {', '.join(NAMES)}"
            yield Wrong(key, "E101", f"unknown annotation {key!r}", hint)
            continue
        try:
            if name in USAGE:
                _check_usage(name, str(text))
            else:
                _value(name, str(text))
        except ValueError as error:
            yield Wrong(key, "E104", f"{key}: {error}", None)


def _check_usage(name: str, text: str) -> None:
    from simk8s.scenario.usage import from_annotations

    beside = {"cpu-usage": "1"} if name == "cpu-work" else {}
    from_annotations({name: text, **beside}, "")
