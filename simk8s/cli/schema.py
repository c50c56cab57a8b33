"""L5: `simk8s schema`: the JSON Schema of scenario files, for editors."""

from __future__ import annotations

import json


def command() -> None:
    """Print the JSON Schema of scenario files."""
    from simk8s.catalog import Catalog
    from simk8s.nodes.knowledge import machines
    from simk8s.scenario.jsonschema import json_schema

    print(json.dumps(json_schema(Catalog(), machines()), indent=2, ensure_ascii=False))
