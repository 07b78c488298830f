"""The JSON Schema of bundle.yaml, for editors and CI: JSON Schema draft 2020-12, from the same models that check a config."""

from __future__ import annotations

import inspect
from typing import Any, Final

from pydantic import BaseModel

from xray_grafana.config import deploy, models
from xray_grafana.config.models import Config

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema as plain data. What holds between two keys is not in it: the program itself checks that."""
    generated = Config.model_json_schema(by_alias=True)
    definitions = {name: _object(definition) for name, definition in generated.pop("$defs").items()}
    return {"$schema": _DIALECT, **_object(generated), "title": "xray-grafana bundle", "$defs": definitions}


def _object(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "properties": {name: _property(each) for name, each in schema["properties"].items()}}


def _property(schema: dict[str, Any]) -> dict[str, Any]:
    """One key: a section is described by its model, and its default left out because its keys have their own."""
    shown = {key: value for key, value in schema.items() if key != "title"}
    if "patternProperties" in shown:
        return _mapping(shown)
    if "$ref" not in shown:
        return shown
    name = shown["$ref"].rpartition("/")[2]
    model: type[BaseModel] = next(getattr(module, name) for module in (models, deploy) if hasattr(module, name))
    shown.pop("default", None)
    return {"description": inspect.getdoc(model), **shown}


def _mapping(schema: dict[str, Any]) -> dict[str, Any]:
    """A mapping whose keys have a form: pydantic's own schema describes such keys, and lets any other pass."""
    ((pattern, value),) = schema.pop("patternProperties").items()
    return {**schema, "propertyNames": {**schema["propertyNames"], "pattern": pattern}, "additionalProperties": value}
