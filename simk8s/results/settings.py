"""What the scenario of a run said: read again from the text in its manifest.

Law: a manifest whose text cannot be read (made by hand, or by another version) is one that says
nothing: defaults, no thresholds; never an error.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from simk8s.errors import UserError
from simk8s.results.results import Results
from simk8s.scenario.control.plane import ControlPlane
from simk8s.scenario.reading import read_document
from simk8s.scenario.thresholds import Threshold, read_thresholds


def thresholds(results: Results) -> list[Threshold]:
    """The thresholds, in their order."""
    return results.remember("thresholds", lambda: read_thresholds(_data(results)))


def control_plane(results: Results) -> ControlPlane:
    """How the control plane was set."""
    return results.remember("control_plane", lambda: _control_plane(_data(results)))


def _control_plane(data: Any) -> ControlPlane:
    section = data.get("controlPlane") if isinstance(data, dict) else None
    try:
        return ControlPlane.model_validate(section or {})
    except ValidationError:
        return ControlPlane()


def _data(results: Results) -> Any:
    def read() -> Any:
        text = results.manifest.scenario_text
        try:
            return read_document(text, results.manifest.scenario_path).data if text else {}
        except UserError:
            return {}

    return results.remember("scenario", read)
