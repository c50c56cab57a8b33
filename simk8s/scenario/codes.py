"""L1: every code that a user can meet, with its title; docs/errors.md is generated from here.

Law: codes are stable. A code that is no longer used keeps its line and never gets another meaning.
"""

from __future__ import annotations

CODES: dict[str, str] = {
    # The file as text
    "E001": "the file cannot be read",
    "E002": "the file is not valid YAML",
    "E003": "a key is written twice",
    "E004": "YAML aliases expand too far",
    "E005": "the file is nested too deeply",
    # The scenario's shape
    "E101": "unknown key",
    "E102": "a required key is missing",
    "E103": "a value of the wrong kind",
    "E104": "a quantity, duration or rate that cannot be read, or has the wrong unit",
    "E105": "a value that makes no sense here",
    "E106": "not one of the allowed values",
    "E107": "exactly one of several keys is needed",
    "E108": "a --set or variant path that leads nowhere",
    # Extensions
    "E201": "unknown strategy, controller, fault, arrival process or trace format",
    "E202": "the file of an extension does not exist",
    "E203": "an extension cannot be imported",
    "E204": "an extension does not have the expected shape",
    "E205": "an extension is defined twice",
    # What belongs together
    "E301": "unknown hardware profile",
    "E302": "unknown zone",
    "E303": "a file that the scenario names does not exist",
    "E304": "a name is used twice",
    "E305": "unknown variant",
    "E306": "a trace file that cannot be used",
    "E351": "a timeline entry names what the scenario never has",
    "E352": "a fault names a Deployment that the scenario never has",
    # Commands
    "E401": "an option that cannot be used like this",
    "E402": "a file or folder that cannot be written",
    # Results
    "E601": "a folder without results",
    "E602": "a manifest that cannot be read",
    "E603": "results of another schema version",
    "E604": "a results table that cannot be read",
    "E605": "a results table with other columns",
    "E606": "nothing to compare",
    "E607": "no recorded decisions of this pod",
    # Warnings
    "W101": "a pod template that no node can ever fit",
    "W102": "something happens after the end of the simulation",
    "W103": "nothing will ever arrive here",
    "W104": "a manifest of a kind that is not simulated",
    "W105": "a field that is not simulated",
    "W106": "pods that never end",
    "W107": "a sampling interval longer than the simulation",
    "W108": "no nodes, or no workload",
    "W109": "pods of a PodGroup that no manifest has",
    "W121": "an image that no pod runs",
    "W130": "a rule of `behaviour` that no pod matches",
    "W131": "an API version that Kubernetes v1.36 does not serve",
    "W132": "a field that Kubernetes does not have",
    "W133": "an object that pods need and no manifest has",
    "W134": "a file that is no Kubernetes object",
    "W135": "a Node among the manifests of a workload",
    "W141": "a fault of memory where nothing says what pods use",
}
_SECTIONS = {
    "E0": "The file",
    "E1": "The shape of a scenario",
    "E2": "Extensions: strategies, controllers, faults, arrivals, traces",
    "E3": "What belongs together",
    "E4": "Commands",
    "E6": "Results",
    "W1": "Warnings",
}
_INTRO = """# Errors and warnings

Every message starts with its place and its code: `file:line:column: CODE message`, and often an
indented hint. Errors (`E…`) stop before anything is simulated, with exit code 2; warnings (`W…`)
do not stop. Codes never change their meaning.

Generated from `simk8s/scenario/codes.py`; do not edit.
"""


def markdown() -> str:
    """The text of docs/errors.md."""
    lines = [_INTRO]
    for prefix, title in _SECTIONS.items():
        lines += [f"## {title}", "", "| code | meaning |", "|---|---|"]
        lines += [f"| {code} | {text} |" for code, text in CODES.items() if code[:2] == prefix]
        lines.append("")
    return "\n".join(lines)
