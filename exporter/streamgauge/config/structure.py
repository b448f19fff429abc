"""What the schema looks like from outside: which keys are known where. Messages and the reference page ask it."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from streamgauge.config.schema import Config
from streamgauge.config.secrets import Secret
from streamgauge.config.values import Value

Path = Sequence[int | str]


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """List a model's fields by the keys that a file uses."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def model_at(path: Path) -> type[BaseModel] | None:
    """Find the model whose keys stand at a path, if a model does."""
    model: type[BaseModel] | None = Config
    for part in path:
        if isinstance(part, int):
            continue
        field = fields_of(model).get(part) if model else None
        model = _model_in(field.annotation) if field else None
    return model


def field_at(path: Path) -> FieldInfo | None:
    """Find the field that a path leads to."""
    names = [part for part in path if isinstance(part, str)]
    model = model_at(names[:-1]) if names else None
    return fields_of(model).get(names[-1]) if model else None


def is_secret(path: Path) -> bool:
    """Tell whether a path leads to a secret."""
    field = field_at(path)
    return field is not None and isinstance(value_type(field), Secret)


def value_type(field: FieldInfo) -> Value[Any] | None:
    """Find the type of a field's value; none for a section, a list of sections or a mapping."""
    if get_origin(field.annotation) is dict:
        return None
    found = [item for item in field.metadata if isinstance(item, Value)]
    for option in get_args(field.annotation):
        if get_origin(option) is Annotated:
            found.extend(item for item in get_args(option) if isinstance(item, Value))
    return found[0] if found else None


def sections(model: type[BaseModel] = Config, path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """List every model with its path, ``clusters[].topics`` for example, in the schema's order."""
    yield path, model
    for key, field in fields_of(model).items():
        inner = _model_in(field.annotation)
        if inner:
            many = "[]" if get_origin(field.annotation) is tuple else ""
            yield from sections(inner, f"{path}.{key}{many}".removeprefix("."))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the model of a section (``Model``) or of a list of sections (``tuple[Model, ...]``)."""
    inner = get_args(annotation)[0] if get_origin(annotation) is tuple else annotation
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None
