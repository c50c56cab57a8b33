"""L1: `simk8s.io/…` annotations of a pod template: how its containers behave.

Kubernetes says what containers are, not what they do; these annotations do:

| annotation | meaning |
|---|---|
| `simk8s.io/startup: 5s` | from its start until an app container answers probes |
| `simk8s.io/init-duration: 2s` | how long each init container runs |
| `simk8s.io/run-seconds: "30"` | app containers end after so long, with the exit code below |
| `simk8s.io/exit-code: "1"` | how app containers end (default 0) |
| `simk8s.io/crash-after: 10m` | app containers fail after so long, at every start anew |
| `simk8s.io/hang-after: 10m` | app containers answer no probes after so long |
| `simk8s.io/stop: 2s` | how long app containers take to end after SIGTERM |
| `simk8s.io/pre-stop: 5s` | how long the preStop hook takes |
| `simk8s.io/cpu-usage: 70%` | CPU that the pod uses, as `usage.cpu` of a scenario (`usage.py`) |
| `simk8s.io/memory-usage: 60%` | memory that it uses |
| `simk8s.io/ephemeral-storage-usage: 1Gi` | local disk that it uses |
| `simk8s.io/pids-usage: "40"` | its processes |
| `simk8s.io/cpu-work: 10m` | CPU time after which its containers are done |

Law: what is written applies to every app container of the pod alike; a name that is none of these
is an error with did-you-mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from simk8s import units
from simk8s.catalog import suggest
from simk8s.scenario import usage

PREFIX = "simk8s.io/"
NOT_GIVEN = -1
_DURATIONS = ("startup", "init-duration", "crash-after", "hang-after", "stop", "pre-stop")
# Of other rooms: state/effective reads them.
_ELSEWHERE = ("gpu-milli", "gpu-models")
NAMES = (*_DURATIONS, "run-seconds", "exit-code", *_ELSEWHERE, *usage.ANNOTATIONS)


class Behaviour(NamedTuple):
    """What the annotations say, in µs; -1 where they say nothing."""

    startup_us: int = 0
    init_us: int = 0
    run_us: int = NOT_GIVEN
    exit_code: int = 0
    crash_us: int = NOT_GIVEN
    hang_us: int = NOT_GIVEN
    stop_us: int = NOT_GIVEN
    pre_stop_us: int = NOT_GIVEN


_FIELDS = {
    "startup": "startup_us",
    "init-duration": "init_us",
    "run-seconds": "run_us",
    "exit-code": "exit_code",
    "crash-after": "crash_us",
    "hang-after": "hang_us",
    "stop": "stop_us",
    "pre-stop": "pre_stop_us",
}


class Wrong(NamedTuple):
    """An annotation that cannot be meant."""

    key: str
    code: str
    text: str
    hint: str | None


def _value(name: str, text: str) -> int:
    if name == "exit-code":
        code = int(text) if text.strip().isdecimal() else NOT_GIVEN
        if not 0 <= code <= 255:
            raise ValueError(f"an exit code is a whole number from 0 to 255, not {text!r}")
        return code
    if name == "run-seconds":
        bare = text.strip().replace(".", "", 1).isdecimal()
        return units.duration_us(f"{text.strip()}s" if bare else text)
    return units.duration_us(text)


def behaviour(annotations: Mapping[str, str]) -> Behaviour:
    """What valid annotations say; ValueError where they say nothing sensible."""
    found: dict[str, int] = {}
    for key, text in annotations.items():
        name = str(key).removeprefix(PREFIX)
        if name != key and name in _FIELDS:
            found[_FIELDS[name]] = _value(name, str(text))
    return Behaviour(**found)


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
            if name in usage.ANNOTATIONS:
                usage.check_annotation(name, str(text))
            else:
                _value(name, str(text))
        except ValueError as error:
            yield Wrong(key, "E104", f"{key}: {error}", None)
