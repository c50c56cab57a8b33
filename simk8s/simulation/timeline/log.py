"""What a timeline did: one line for each object that an entry was about, and how it ended.

Law: a line is begun when its request is made and ended once; what has not ended when the run does
is told as such. A refusal is told in the run's manifest, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simk8s.schema.enums import ActionOutcome
from simk8s.units import format_duration

BAD = (ActionOutcome.REFUSED, ActionOutcome.FAILED)


@dataclass(slots=True)
class Line:
    """One object."""

    at_us: int
    entry: int
    name: str | None
    verb: str
    target: str
    namespace: str | None
    outcome: ActionOutcome = ActionOutcome.UNFINISHED
    ended_us: int | None = None
    detail: str | None = None

    def end(self, now_us: int, outcome: ActionOutcome, detail: str | None = None) -> None:
        """How it ended."""
        self.ended_us, self.outcome = now_us, outcome
        self.detail = detail or self.detail

    @property
    def row(self) -> tuple[object, ...]:
        """Of the `actions` table."""
        return (
            self.at_us,
            self.ended_us,
            self.entry,
            self.name,
            self.verb,
            self.target,
            self.namespace,
            self.outcome,
            self.detail,
        )


class Log:
    """All lines of a run, in order of time."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def begin(
        self,
        now_us: int,
        entry: int,
        name: str | None,
        verb: str,
        target: str,
        namespace: str | None = None,
    ) -> Line:
        """Somebody asks for something now."""
        line = Line(now_us, entry, name, verb, target, namespace)
        self.lines.append(line)
        return line

    def refusals(self) -> Iterator[str]:
        """What the API did not take, and what came to nothing, in words."""
        for line in self.lines:
            if line.outcome in BAD and line.ended_us is not None:
                when = format_duration(line.ended_us)
                where = f" in namespace {line.namespace}" if line.namespace else ""
                words = line.detail or ""
                how = "was refused" if line.outcome is ActionOutcome.REFUSED else "failed"
                text = f"timeline: {line.verb} {line.target}{where} {how} at {when}"
                yield f"{text}: {words}"
