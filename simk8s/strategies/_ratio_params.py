"""What a scenario may say of `requested_to_capacity_ratio`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.scenario.types import Model


class Point(Model):
    """One point of the line."""

    utilization: Annotated[int, Field(ge=0, le=100)]
    score: Annotated[int, Field(ge=0, le=10)]


class Resource(Model):
    """One resource and what it counts for."""

    name: str
    weight: Annotated[int, Field(ge=1, le=100)] = 1


class Params(Model):
    """`strategy: {name: requested_to_capacity_ratio, shape: [{utilization: 0, score: 0}, ...]}`"""

    shape: tuple[Point, ...] = (Point(utilization=0, score=0), Point(utilization=100, score=10))
    resources: tuple[Resource, ...] = (Resource(name="cpu"), Resource(name="memory"))
