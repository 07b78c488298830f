"""An answer against botocore's service model: every member known, of its type, of its enumeration, and there where it must be.

A member may be an explicit null, as X-Ray sends what it does not know, unless the model requires it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import botocore.session

# Members that captured answers of X-Ray hold though the model has none of them.
ON_THE_WIRE: Final[Mapping[str, frozenset[str]]] = {
    "TraceSummary": frozenset({"MatchedService", "MatchedEdge"}),
    "Service": frozenset({"HostedIn", "KeyAttributes", "Region"}),
}


def check_answer(operation_name: str, answer: Mapping[str, Any], service: str = "xray") -> None:
    """Raises AssertionError that begins with the path of the first member that an SDK would not read as the model says."""
    shape = _model(service).operation_model(operation_name).output_shape
    if shape is None:
        assert answer == {}, f"{operation_name}: the model has no answer, got {answer!r}"
        return
    _check(shape, answer, operation_name)


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _check(shape: Any, value: object, path: str) -> None:
    _CHECKS[shape.type_name](shape, value, path)


def _structure(shape: Any, value: object, path: str) -> None:
    assert isinstance(value, Mapping), f"{path}: an object is expected, got {value!r}"
    unknown = set(value) - set(shape.members) - ON_THE_WIRE.get(shape.name, frozenset())
    assert not unknown, f"{path}: {shape.name} has no member {', '.join(sorted(unknown))}"
    for name in shape.required_members:
        assert value.get(name) is not None, f"{path}.{name}: required, and it is missing or null"
    for name, member in value.items():
        if member is not None and name in shape.members:
            _check(shape.members[name], member, f"{path}.{name}")


def _list(shape: Any, value: object, path: str) -> None:
    assert isinstance(value, list | tuple), f"{path}: a list is expected, got {value!r}"
    for number, item in enumerate(value):
        _check(shape.member, item, f"{path}[{number}]")


def _map(shape: Any, value: object, path: str) -> None:
    assert isinstance(value, Mapping), f"{path}: a map is expected, got {value!r}"
    for key, item in value.items():
        _check(shape.key, key, f"{path} (key)")
        _check(shape.value, item, f"{path}[{key!r}]")


def _string(shape: Any, value: object, path: str) -> None:
    assert isinstance(value, str), f"{path}: a string is expected, got {value!r}"
    assert not shape.enum or value in shape.enum, f"{path}: {value!r} is none of {', '.join(shape.enum)}"


def _boolean(_shape: Any, value: object, path: str) -> None:
    assert isinstance(value, bool), f"{path}: true or false is expected, got {value!r}"


def _whole(_shape: Any, value: object, path: str) -> None:
    assert isinstance(value, int), f"{path}: a whole number is expected, got {value!r}"
    assert not isinstance(value, bool), f"{path}: a whole number is expected, got {value!r}"


def _number(_shape: Any, value: object, path: str) -> None:
    assert isinstance(value, int | float), f"{path}: a number is expected, got {value!r}"
    assert not isinstance(value, bool), f"{path}: a number is expected, got {value!r}"


_CHECKS: Final[Mapping[str, Callable[[Any, object, str], None]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "boolean": _boolean,
    "integer": _whole,
    "long": _whole,
    "double": _number,
    "float": _number,
    "timestamp": _number,
}
