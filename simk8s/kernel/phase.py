"""The order of work inside one instant of virtual time.

Law: in one round of an instant the phases run in the order of their numbers. What is armed for
the running instant joins the running round if its phase is still to come, otherwise the next one.
"""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """When inside an instant a component acts: a cause never runs after its effect."""

    RELEASE = 0
    """What ends now gives its capacity back before anybody asks for it."""
    FAULT = 1
    """What breaks now is broken for everything that follows in this round."""
    ARRIVE = 2
    """New work enters the API."""
    DELIVER = 3
    """Watch cursors hand over what was written before."""
    RECONCILE = 4
    """Controllers and kubelets act on what they have seen."""
    SCHEDULE = 5
    """The scheduler decides on the state that everybody else has left."""
    SAMPLE = 6
    """Measurements look at the instant once everything in the round has happened."""
