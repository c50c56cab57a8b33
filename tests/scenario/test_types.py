"""Field types: text with units in, base units out, and back."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simk8s.scenario.types import Count, CpuQuantity, Duration, MemoryQuantity, Model, Rate


class Section(Model):
    wait_time: Duration = 1_000_000
    cpu: CpuQuantity = 0
    memory: MemoryQuantity = 0
    rate: Rate = 0.0
    replicas: Count = 0


def test_units_are_read_into_base_units():
    section = Section.model_validate(
        {"waitTime": "90s", "cpu": 0.5, "memory": "1Ki", "rate": "30/min", "replicas": "1k"}
    )
    assert section.wait_time == 90_000_000
    assert (section.cpu, section.memory, section.replicas) == (500, 1024, 1000)
    assert section.rate == 30 / 60e6


def test_a_dump_is_read_back_alike():
    section = Section.model_validate({"waitTime": "1h30m", "cpu": "1", "rate": "7/h"})
    assert Section.model_validate(section.model_dump(by_alias=True)) == section


@pytest.mark.parametrize(
    ("key", "value"), [("waitTime", "5x"), ("cpu", "-1"), ("rate", 5), ("memory", [1])]
)
def test_bad_units_carry_one_code(key, value):
    with pytest.raises(ValidationError) as caught:
        Section.model_validate({key: value})
    assert [(e["type"], e["loc"]) for e in caught.value.errors()] == [("E104", (key,))]


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError):
        Section.model_validate({"waitTme": "5s"})
