"""Parameters of the CronJob controller. No numpy here: scenarios are validated with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

from simk8s.controllers._flags import Flags

START = "2026-01-01T00:00:00Z"
"""What the clock of a run stands at when it begins: a Thursday."""


def _instant(text: str) -> str:
    seconds_of(text)
    return text


def seconds_of(text: str) -> int:
    """Seconds since 1970 of `2026-01-01T00:00:00Z`. Raises ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return int(found.timestamp())


class Params(Flags):
    """`cronjob: {name: cronjob, start: "2026-03-29T00:00:00Z"}`: the instant at which runs begin"""

    start: Annotated[str, AfterValidator(_instant)] = START
