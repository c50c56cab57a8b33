"""L1: sections that are imported and built when a scenario has them.

pydantic makes a class, a schema and a validator of every model, which takes a millisecond or two
each; a scenario can say what takes a hundred and fifty, and a file uses twenty. So a section that
most files do without stands in a module of its own, and whoever has a field of it says where:

    if TYPE_CHECKING:
        from simk8s.scenario.cloud import Cloud
    else:
        Cloud = later("simk8s.scenario.cloud:Cloud")

    class Scenario(Model):
        cloud: Cloud | None = None

`OnDemand[Uniform[Q]]` is the same for a model of the module itself, or of a generic parameter.

Law: nobody can tell such a field from one of the type, neither by its values and errors (`explain`
knows the type's own keys) nor by its JSON Schema (`JsonSchema` makes it). `module:Name` is a model
or the alias of a type. The default of such a field must do without the type: None, an empty list,
or something that is made when it is asked for (`Scenario.plane`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from types import new_class
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
)

from pydantic import (
    BaseModel,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationInfo,
)
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

T = TypeVar("T")


class Later(Generic[T]):
    """Base of the types that `later` makes."""

    target: ClassVar[str]

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return handler.generate_schema(Annotated[Any, _Section(cls.target, get_args(source))])


def later(target: str) -> Any:
    """The type `module:Name`, which is imported when it is needed."""
    bases = (Later[T],)  # type: ignore[valid-type]  # takes a parameter, as Later does
    name = target.rpartition(":")[2]
    return new_class(name, bases, exec_body=lambda body: body.update(target=target))


if TYPE_CHECKING:
    OnDemand: TypeAlias = Annotated[T, "built when a value is there"]
else:

    class OnDemand:
        """`OnDemand[Uniform[Q]]`: a model that is at hand and takes time to build."""

        def __class_getitem__(cls, model: type[BaseModel]) -> Any:
            known = model.__pydantic_generic_metadata__
            origin, parameters = known["origin"] or model, known["args"] or known["parameters"]
            made = later(f"{origin.__module__}:{origin.__qualname__}")
            return made[parameters] if parameters else made


def now(annotation: Any) -> Any:
    """What an annotation stands for: the type itself where it is one for later."""
    made = get_origin(annotation) or annotation
    if isinstance(made, type) and issubclass(made, Later):
        return _Section(made.target, get_args(annotation)).type_
    return annotation


@dataclass(frozen=True)
class _Section:
    """What is known before the import; its other members are made by asking for them."""

    target: str
    parameters: tuple[Any, ...]

    @cached_property
    def type_(self) -> Any:
        module, _, name = self.target.partition(":")
        found = getattr(import_module(module), name)
        return found[self.parameters] if self.parameters else found

    @property
    def is_model(self) -> bool:
        return isinstance(self.type_, type) and issubclass(self.type_, BaseModel)

    @property
    def schema(self) -> core_schema.CoreSchema:
        return TypeAdapter(self.type_).core_schema

    @cached_property
    def _validate(self) -> Callable[..., Any]:
        found = self.type_
        return found.model_validate if self.is_model else TypeAdapter(found).validate_python

    def _validated(self, value: Any, info: ValidationInfo) -> Any:
        return self._validate(value, context=info.context)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self._validated, metadata={_SECTION: self}
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        # As an item, so that a model becomes one of the definitions.
        made: dict[str, Any] = handler(core_schema.list_schema(self.schema))["items"]
        return made


_SECTION = "simk8s-section"


class JsonSchema(GenerateJsonSchema):
    """A field that is built later has a title where one of its type has one: models have none."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        section = schema.get("metadata", {}).get(_SECTION)
        if section is None:
            return super().field_title_should_be_set(schema)
        return not section.is_model and self.field_title_should_be_set(section.schema)
