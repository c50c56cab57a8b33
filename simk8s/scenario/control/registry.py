"""`controlPlane.registry` and the images of a scenario: where they come from, how big they are."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from simk8s.scenario.types import AlsoText, Count, Duration, MemoryQuantity, Model

Size = Annotated[MemoryQuantity, Field(gt=0)]
DEFAULT_SIZE, DEFAULT_LAYERS = 150 << 20, 5


class Layer(Model):
    """One layer; images that list the same digest share it."""

    digest: str = Field(min_length=1)
    size: Annotated[MemoryQuantity, Field(ge=0)]


class Image(Model):
    """A container image; also written as its (compressed) size alone."""

    size: Size | None = None
    # So many layers of the same size, or each by itself.
    layers: Annotated[Count, Field(gt=0, le=128)] | list[Layer] = DEFAULT_LAYERS
    # On every node from the start.
    preloaded: bool = False
    # False: the registry does not have it, pulls fail.
    exists: bool = True

    @model_validator(mode="before")
    @classmethod
    def _size_alone(cls, data: Any) -> Any:
        return {"size": data} if isinstance(data, (str, int, float)) else data

    @model_validator(mode="after")
    def _one_size(self) -> Image:
        if isinstance(self.layers, list):
            if not self.layers:
                raise PydanticCustomError("E105", "an image has at least one layer")
            if self.size is not None:
                raise PydanticCustomError("E105", "layers with sizes already give the size")
        return self


Images: TypeAlias = dict[str, Annotated[Image, AlsoText()]]


class Unlisted(Model):
    """What is taken of an image that the scenario does not list."""

    size: Size = DEFAULT_SIZE
    layers: Annotated[Count, Field(gt=0, le=128)] = DEFAULT_LAYERS
    preloaded: bool = False


class PullLimit(Model):
    """So many pulls a node may make in a window; then 429."""

    pulls: Annotated[Count, Field(gt=0)]
    per: Annotated[Duration, Field(gt=0)] = 21_600_000_000


class ImageRegistry(Model):
    """Bandwidths are bytes a second, 0 = no limit."""

    # Until the manifest is there.
    latency: Duration = 150_000
    layer_bandwidth: Size = 25_000_000
    parallel_layers: Annotated[Count, Field(gt=0)] = 3
    node_bandwidth: MemoryQuantity = 125_000_000
    # To all nodes together.
    bandwidth: MemoryQuantity = 0
    # Bytes that one core unpacks a second, and how much bigger layers get, in percent.
    unpack_bandwidth: Size = 75_000_000
    expansion_percent: Annotated[Count, Field(ge=100)] = 300
    pull_limit: PullLimit | None = None
    unlisted: Unlisted = Unlisted()
