"""L1: a section that names an extension, checked against the `Params` its file declares.

Law: scenario/ imports no component. The catalogue comes with the validation context, hands over
the model, and an error inside the section is explained against that model.
Two spellings: by name (`strategy: cp_sat`, `{name: cp_sat, window: 2s}`) and by key
(`arrivals: {poisson: {rate: 5/s}}`), where keys are camelCase and files snake_case.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import (
    BaseModel,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError, core_schema

from simk8s.catalog import CatalogLike, camel, snake, unknown_name
from simk8s.errors import InvariantError, UserError
from simk8s.scenario.explain import relocated
from simk8s.scenario.types import Model


class Extension(Model):
    """A name in a folder of the catalogue (or a user's own file) and its validated parameters."""

    name: str
    params: SerializeAsAny[BaseModel]


def catalog_of(info: ValidationInfo) -> CatalogLike:
    context = info.context
    if not isinstance(context, dict) or "catalog" not in context:
        raise InvariantError("scenario models are validated with the context {'catalog': …}")
    found: CatalogLike = context["catalog"]
    return found


@dataclass(frozen=True)
class ByName:
    """Annotation: written as its name, or as a mapping with `name` and parameters.

    Traces call the name `format` and are never written as a name alone.
    """

    folder: str
    tag: str = "name"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.with_info_before_validator_function(
            partial(_by_name, self.folder, self.tag), handler(source)
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"x-simk8s-by-name": self.folder, "tag": self.tag}


@dataclass(frozen=True)
class ByKey:
    """Annotation: written as a mapping with one key."""

    folder: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.with_info_before_validator_function(
            partial(_by_key, self.folder), handler(source)
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"x-simk8s-by-key": self.folder}


def _by_name(folder: str, tag: str, value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Extension):
        return value
    if isinstance(value, str) and tag == "name":
        return _checked(folder, value, {}, (), (), info)
    if not isinstance(value, dict):
        expected = "a name, or a mapping with `name`" if tag == "name" else "a mapping"
        raise PydanticCustomError("E103", "{text}", {"text": f"expected {expected}"})
    name = value.get(tag)
    if not isinstance(name, str):
        raise PydanticCustomError("E102", "{text}", {"text": f"`{tag}` is missing"})
    section = {key: item for key, item in value.items() if key != tag}
    return _checked(folder, name, section, (tag,), (), info)


def _by_key(folder: str, value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Extension):
        return value
    if isinstance(value, str):
        value = {value: {}}
    if not isinstance(value, dict) or len(value) != 1:
        known = ", ".join(_known(folder, catalog_of(info)))
        raise PydanticCustomError(
            "E107", "expected exactly one key, a kind", {"hint": f"known: {known}"}
        )
    key, section = next(iter(value.items()))
    name = key if ".py" in key else snake(key)
    if ".py" not in key and camel(name) != key:
        # Written as the file is called: answered with did-you-mean.
        error = unknown_name(folder, key, _known(folder, catalog_of(info)))
        raise _located(error, key, (key,), at_key=True)
    return _checked(folder, name, {} if section is None else section, (key,), (key,), info)


def _checked(
    folder: str,
    name: str,
    section: Any,
    blame: tuple[str, ...],
    prefix: tuple[str, ...],
    info: ValidationInfo,
) -> Extension:
    try:
        model = _params_of(folder, name, info)
    except UserError as error:
        raise _located(error, name, blame, at_key=bool(prefix)) from None
    try:
        params = model.model_validate(section, context=info.context)
    except ValidationError as error:
        raise relocated(error, model, prefix) from None
    return Extension(name=name, params=params)


def _spoken(folder: str, name: str) -> str:
    """As a scenario writes it."""
    return camel(name) if folder in ("faults", "arrivals") else name


def _known(folder: str, catalog: CatalogLike) -> list[str]:
    return [_spoken(folder, name) for name in catalog.names(folder)]


def _params_of(folder: str, name: str, info: ValidationInfo) -> type[BaseModel]:
    catalog = catalog_of(info)
    if ".py" not in name and name not in catalog.names(folder):
        raise unknown_name(folder, _spoken(folder, name), _known(folder, catalog))
    return catalog.params_of(folder, name)


def _located(
    error: UserError, name: str, blame: tuple[str, ...], *, at_key: bool
) -> ValidationError:
    """The catalogue's complaint at the place where the name is written."""
    problem = error.problems[0]
    context = {"hint": problem.hint, "at_key": at_key, "problem": problem, "text": problem.message}
    custom = PydanticCustomError(problem.code, "{text}", context)
    return ValidationError.from_exception_data(
        name, [{"type": custom, "loc": blame, "input": name}]
    )
