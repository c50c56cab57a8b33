"""L1: the JSON Schema of a scenario file, for editors.

Law: it is made from the models that validate, and from the `Params` of every extension that the
catalogue lists; what validates here may still be refused by lint, never the other way round.
"""

from __future__ import annotations

import copy
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema

from simk8s.catalog import CatalogLike, camel
from simk8s.scenario.knowledge import Knowledge
from simk8s.scenario.later import JsonSchema
from simk8s.scenario.podspec import PodTemplate
from simk8s.scenario.schema import Scenario

Schema = dict[str, Any]
_OWN_FILE = r"\.py(:[A-Za-z_][A-Za-z0-9_]*)?$"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(catalog: CatalogLike, knowledge: Knowledge | None = None) -> Schema:
    """The whole schema; with `knowledge` the names of hardware profiles are in it too."""
    return _Walk(catalog).scenario(knowledge)


class _Walk:
    """Replaces the placeholders of extension fields and collects all definitions."""

    def __init__(self, catalog: CatalogLike) -> None:
        self._catalog = catalog
        self._defs: dict[str, Schema] = {}

    def scenario(self, knowledge: Knowledge | None) -> Schema:
        schema = self._model(Scenario, "scenario")
        result = {"$schema": _DIALECT, **self._filled(schema)}
        definitions: dict[str, Schema] = {}
        # Filling one definition may bring in others.
        while pending := [name for name in self._defs if name not in definitions]:
            for name in pending:
                definitions[name] = self._filled(self._defs[name])
        if knowledge is not None:
            profile = {"enum": list(knowledge.profiles())}
            definitions["NodeGroup"]["properties"]["profile"] = profile
        result["$defs"] = dict(sorted(definitions.items()))
        result["title"] = "simk8s scenario"
        return result

    def _model(self, model: type[BaseModel], owner: str) -> Schema:
        """A model's schema, its definitions moved to ours (renamed where they differ)."""
        try:
            made = model.model_json_schema(by_alias=True, schema_generator=JsonSchema)
            schema = copy.deepcopy(made)
        except PydanticInvalidForJsonSchema:
            return {"type": "object"}
        own = schema.pop("$defs", {})
        renamed = {
            name: f"{owner}.{name}"
            for name, body in own.items()
            if name in self._defs and self._defs[name] != body
        }
        for name, body in own.items():
            self._defs.setdefault(renamed.get(name, name), _pointing(body, renamed))
        result: Schema = _pointing(schema, renamed)
        return result

    def _filled(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._filled(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "x-simk8s-by-name" in node:
            return self._by_name(node["x-simk8s-by-name"], node["tag"])
        if "x-simk8s-by-key" in node:
            return self._by_key(node["x-simk8s-by-key"])
        if "x-simk8s-template" in node:
            return self._filled(self._model(PodTemplate, "template"))
        if "x-simk8s-definition" in node:
            return {"$ref": f"#/$defs/{node['x-simk8s-definition']}"}
        return {key: self._filled(value) for key, value in node.items()}

    def _by_name(self, folder: str, tag: str) -> Schema:
        names = self._catalog.names(folder)
        own: Schema = {"type": "string", "pattern": _OWN_FILE}
        foreign = {"type": "object", "properties": {tag: own}, "required": [tag]}
        choices = [*(self._section(folder, name, tag) for name in names), foreign]
        if tag == "name":
            spoken = [*names, "default"] if folder == "controllers" else names
            choices = [{"enum": spoken}, own, *choices]
        return {"anyOf": choices}

    def _section(self, folder: str, name: str, tag: str) -> Schema:
        schema = self._model(self._catalog.params_of(folder, name), f"{folder}.{name}")
        schema["properties"] = {tag: {"const": name}, **schema.get("properties", {})}
        schema["required"] = [tag, *schema.get("required", [])]
        return schema

    def _by_key(self, folder: str) -> Schema:
        choices: list[Schema] = []
        for name in self._catalog.names(folder):
            params = self._model(self._catalog.params_of(folder, name), f"{folder}.{name}")
            if not params.get("required"):
                choices.append({"const": camel(name)})
                params = {"anyOf": [params, {"type": "null"}]}
            choices.append(_only({camel(name): params}))
        foreign = {
            "type": "object",
            "patternProperties": {_OWN_FILE: {}},
            "additionalProperties": False,
            "minProperties": 1,
        }
        return {"anyOf": [*choices, foreign]}


def _only(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _pointing(node: Any, renamed: dict[str, str]) -> Any:
    """References to definitions by their new names."""
    if isinstance(node, list):
        return [_pointing(item, renamed) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _pointing(value, renamed) for key, value in node.items()}
    reference = result.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix("#/$defs/")
        result["$ref"] = f"#/$defs/{renamed.get(name, name)}"
    return result
