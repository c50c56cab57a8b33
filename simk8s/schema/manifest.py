"""manifest.json: what a run was, next to its tables.

Law: the simulator writes it last, so a folder without one holds no finished (or sealed) run.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from simk8s.schema.enums import AuditResult
from simk8s.schema.tables import SCHEMA_VERSION

MANIFEST_NAME = "manifest.json"


class Manifest(BaseModel):
    """One run. Fields that a newer version adds are kept and ignored."""

    model_config = ConfigDict(extra="allow")

    schema_version: int = Field(SCHEMA_VERSION, description="Version of the tables' schema.")
    version: str = Field(description="Version of simk8s.")
    versions: dict[str, str] = Field(
        default_factory=dict, description="Python and packages that took part."
    )
    scenario: str = Field(description="Name of the scenario.")
    scenario_path: str = Field("", description="File it was read from.")
    scenario_hash: str = Field("", description="Hash of the resolved scenario.")
    scenario_text: str = Field("", description="The resolved scenario.")
    strategy: str = Field("", description="Scheduling strategy.")
    variant: str = Field("", description="Name of the variant, when several were compared.")
    seed: int = Field(description="Seed of every random stream.")
    duration_us: int = Field(ge=0, description="Time that was to be simulated.")
    simulated_us: int = Field(ge=0, description="Time that was simulated.")
    stop_reason: str = Field("duration", description="Why the run ended.")
    stop_detail: str = Field("", description="More words on it, such as a component's name.")
    interrupted: bool = Field(False, description="The user stopped it.")
    digest: str = Field("", description="Digest of the tables; same run, same digest.")
    audit: AuditResult = Field(AuditResult.OFF, description="Result of the recount from scratch.")
    wall_seconds: float = Field(0.0, ge=0, description="Time on this machine.")
    cpu_seconds: float = Field(0.0, ge=0, description="CPU time on this machine.")
    peak_memory_bytes: int = Field(0, ge=0, description="Most memory held.")
    pods_per_second: float = Field(0.0, ge=0, description="Pods simulated per second.")
    explained: str = Field("", description="Pods whose decisions were recorded in full.")
    command: str = Field("", description="Command that does the same run again.")
    warnings: list[str] = Field(default_factory=list, description="What the user should know.")


class CompareManifest(BaseModel):
    """compare.json: which runs a comparison is made of, in the order the user gave."""

    NAME: ClassVar[str] = "compare.json"
    model_config = ConfigDict(extra="allow")

    variants: list[str] = Field(min_length=1, description="Variants; the first is the baseline.")
    seeds: list[int] = Field(min_length=1, description="Seeds that each variant was run with.")
    command: str = Field("", description="Command that does the same comparison again.")
