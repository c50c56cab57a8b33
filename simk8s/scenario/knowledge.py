"""L1: what lint needs to know of hardware, without importing it.

Law: scenario/ knows no profile by name; cli/ and simulation/ hand in an object of this shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Knowledge(Protocol):
    """Hardware profiles by name."""

    def profiles(self) -> Sequence[str]:
        """Every profile's name."""
        ...

    def capacity(self, profile: str) -> Mapping[str, int]:
        """Resource name -> amount: cpu in millicores, memory in bytes, pods, nvidia.com/gpu."""
        ...

    def allocatable(self, profile: str) -> Mapping[str, int]:
        """The same after the provider's reserves."""
        ...
