"""Hardware profiles in the shape that the scenario loader asks for.

Law: lint and simulation read the same catalogue; nothing but integers crosses over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simk8s.nodes.profiles import profile, profile_names


class Machines:
    """`scenario.knowledge.Knowledge` over the shipped catalogue."""

    def profiles(self) -> Sequence[str]:
        return profile_names()

    def capacity(self, name: str) -> Mapping[str, int]:
        return profile(name).capacity()

    def allocatable(self, name: str) -> Mapping[str, int]:
        return profile(name).allocatable()


def machines() -> Machines:
    """What is known of machines."""
    return Machines()
