"""A request in, an answer out, in AWS's form: which operation it is, its members, and what is said when something is wrong with it.

Nothing here knows of sockets. Signatures are not looked at: signed, badly signed and unsigned requests are all taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from xray_grafana.errors import XRayGrafanaError
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.operations import find, no_such_path, not_covered

JSON: Final = "application/json"
OTLP_PATH: Final = "/v1/traces"
# What reads answers with what was put before; longer nobody is kept waiting.
_SETTLE_SECONDS: Final = 2.0


class Request(NamedTuple):
    """Headers have names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """`error` is the name that AWS puts into the header x-amzn-errortype."""

    status: int
    content_type: str
    body: bytes
    error: str | None = None


@dataclass(frozen=True)
class Answers:
    """The API of one sandbox.

    settle   waits, at most so many seconds, until what was put can be read
    welcome  the text for a person who opens the address
    note     is told of faults of this program
    """

    context: Context
    settle: Callable[[float], bool]
    welcome: Callable[[], str]
    note: Callable[[str], None]

    def answer(self, request: Request) -> Answer:
        """Never raises."""
        try:
            return self._answer(request)
        except ApiError as error:
            return refusal(error)
        except XRayGrafanaError as error:
            self.note(str(error))
            return refusal(_internal(str(error)))
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer and the server goes on
            shown = f"{type(error).__name__}: {error}"
            self.note(f"{request.method} {request.target}: {shown}")
            return refusal(_internal(f"a fault of the sandbox: {shown}"))

    def _answer(self, request: Request) -> Answer:
        if "origin" in request.headers:
            raise ApiError("web pages may not call the sandbox", name="AccessDeniedException", status=HTTPStatus.FORBIDDEN)
        try:
            url = urlsplit(request.target)
        except ValueError:
            raise no_such_path(request.method, request.target) from None
        if (request.method, url.path) == ("GET", "/"):
            return Answer(HTTPStatus.OK, "text/plain; charset=utf-8", self.welcome().encode())
        if (request.method, url.path) == ("POST", OTLP_PATH):
            return self._otlp(request)
        operation = find(request.method, url.path)
        if operation is None:
            raise no_such_path(request.method, url.path)
        if operation.handler is None:
            raise not_covered(operation)
        members = _members(request.body)
        members.update(parse_qsl(url.query, keep_blank_values=True))
        if operation.settles:
            self._settle()
        return Answer(HTTPStatus.OK, JSON, json.dumps(operation.handler(self.context, members), allow_nan=False).encode())

    def _otlp(self, request: Request) -> Answer:
        from xray_grafana.sandbox.api import otlp  # its messages take as long to load as all else, and few send any

        return Answer(HTTPStatus.OK, *otlp.answer(self.context.ingest, request.headers, request.body))

    def _settle(self) -> None:
        """What cannot be written, on a full disk for one, does not keep anybody from reading what is there."""
        try:
            self.settle(_SETTLE_SECONDS)
        except XRayGrafanaError as error:
            self.note(str(error))


def refusal(error: ApiError) -> Answer:
    """The error as AWS answers it."""
    return Answer(error.status, JSON, json.dumps(error.document).encode(), error.name)


def _members(body: bytes) -> dict[str, Any]:
    """Half of a surrogate pair, be it in bytes or escaped, is no character: SQLite could not keep it."""
    if not body.strip():
        return {}
    try:
        members = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)  # `loads` itself lets surrogates in bytes pass
        if b"\\u" in body:
            json.dumps(members, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _serialization(f"the body is no JSON: {error}") from error
    if not isinstance(members, dict):
        raise _serialization("the body must be a JSON object")
    return members


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _serialization(message: str) -> ApiError:
    return ApiError(message, name="SerializationException", framework=True)


def _internal(message: str) -> ApiError:
    return ApiError(message, name="InternalFailure", status=HTTPStatus.INTERNAL_SERVER_ERROR, framework=True)
