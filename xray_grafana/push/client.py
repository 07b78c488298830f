"""One request to Loki and its answer. Bytes in, an `Answer` out, whatever happens on the way."""

from __future__ import annotations

import json
import os
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Generic, Literal, Self, TypeVar
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

import xray_grafana
from xray_grafana.errors import LokiError, UsageError
from xray_grafana.push.answers import ABOUT_TENANT, Action, Answer, action_of, retry_after_seconds
from xray_grafana.push.refusals import excerpt
from xray_grafana.push.settings import (
    BEARER_TOKEN,
    CA_FILE,
    PASSWORD,
    PUSH_PATH,
    TENANT,
    URL,
    USER,
    PushSettings,
    read_bearer_token,
    read_password,
    tls_context,
)

# Loki names every refused entry, some 300 bytes for each second of log; an answer beyond this is cut and its counts are too low.
TEXT_LIMIT_BYTES: Final = 4 << 20
JSON_LIMIT_BYTES: Final = 64 << 20
CONNECT_SECONDS: Final = 10.0
# As many as the command line takes threads; each opens one when it first needs it.
_CONNECTIONS: Final = 64
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

Value = TypeVar("Value")


class PushClient:
    """Talks to one Loki; safe to share between threads. `timeout_seconds` is how long Loki may be silent.

    Nothing is repeated and no redirect is followed here. Files with secrets and certificates are read again when they change.
    """

    def __init__(self, settings: PushSettings, *, timeout_seconds: float = 30.0) -> None:
        self.settings = settings
        self._timeout_seconds = timeout_seconds
        self._timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, timeout_seconds), read=timeout_seconds)
        secret_files = (settings.password_file, settings.bearer_token_file)
        tls_files = (settings.ca_file, settings.cert_file, settings.key_file)
        self._authorization = _Fresh(secret_files, lambda: _authorization(settings))
        self._pool = _Fresh(tls_files, lambda: _pool(settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections."""
        self._pool.get().clear()

    def post(self, body: bytes, headers: Mapping[str, str] = _NOTHING) -> Answer:
        """Pushes a body. Never raises for what happens on the network: the answer tells."""
        return self._request("POST", PUSH_PATH, {"Content-Type": "application/x-protobuf", **headers}, body, TEXT_LIMIT_BYTES)

    def get_json(self, path: str, params: Mapping[str, str] = _NOTHING) -> Any:
        """What Loki answers to a question, `path` being one of its API. Raises LokiError."""
        target = f"{path}?{urlencode(params)}" if params else path
        answer = self._request("GET", target, {"Accept": "application/json"}, None, JSON_LIMIT_BYTES)
        if action_of(answer) is not Action.ACCEPTED:
            raise loki_error(answer, self.settings)
        try:
            return json.loads(answer.text)
        except (ValueError, RecursionError):
            summary = f"the answer to {path} is no JSON: {excerpt(answer.text)}"
            raise LokiError(summary, where=self.settings.url, hint=_hint(answer, self.settings)) from None

    def _request(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, limit_bytes: int) -> Answer:
        try:
            response = self._pool.get().request(
                method,
                self.settings.url + target,
                body=body,
                headers={**self._caller(), **headers},
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            return self._answer(response, limit_bytes)
        except (HTTPError, HTTPException, OSError) as error:
            return Answer(None, error=self._words(error), fault=_fault(error))

    def _caller(self) -> dict[str, str]:
        headers = {"User-Agent": f"xray-grafana/{xray_grafana.__version__}"}
        if self.settings.tenant is not None:
            headers["X-Scope-OrgID"] = self.settings.tenant
        if (authorization := self._authorization.get()) is not None:
            headers["Authorization"] = authorization
        return headers

    def _answer(self, response: urllib3.BaseHTTPResponse, limit_bytes: int) -> Answer:
        try:
            text = response.read(limit_bytes).decode(errors="backslashreplace")
            if response.read(1):
                response.close()
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()
        if location := response.headers.get("Location"):
            text = f"sends us on to {_place(location)}"
        wait = retry_after_seconds(response.headers.get("Retry-After"), time.time())
        return Answer(response.status, text, wait)

    def _words(self, error: BaseException) -> str:
        match error:
            case NameResolutionError():
                words = "its name cannot be resolved"
            case NewConnectionError():
                words = _reason(error.__cause__) or "no connection"
            case ConnectTimeoutError():
                words = "no connection in time"
            case ReadTimeoutError():
                words = f"no answer within {self._timeout_seconds:g} s"
            case LocationValueError():
                words = f"there can be no such address: {error}"
            case SSLError():
                words = f"TLS: {_reason(error.args[0]) or error}"
            case ProtocolError():
                words = f"the connection broke: {_reason(error.args[-1]) or error.args[0]}"
            case _:
                words = _reason(error) or str(error)
        return words


def words_of(answer: Answer) -> str:
    """The answer in a line: status and what was said, or why there is none."""
    if answer.status is None:
        return excerpt(str(answer.error))
    said = excerpt(answer.text)
    return said if said.startswith(f"{answer.status} ") else f"{answer.status} {said}".rstrip()


def loki_error(answer: Answer, settings: PushSettings, *, after: str = "") -> LokiError:
    """The error of an answer that ends the work. `after` says what was tried."""
    said = words_of(answer)
    if after:
        summary = f"{after}{said}"
    elif answer.status is None:
        summary = f"Loki cannot be reached: {said}"
    elif action_of(answer) is Action.REFUSED_BY_POLICY:
        summary = f"Loki has blocked this tenant: {said}"
    else:
        summary = f"Loki refused: {said}"
    return LokiError(summary, where=settings.url, hint=_hint(answer, settings), permanent=not after)


def _hint(answer: Answer, settings: PushSettings) -> str:
    action = action_of(answer)
    if answer.fault == "certificate":
        hint = f"set {CA_FILE} to the certificate of the authority that signed Loki's"
    elif answer.status is None:
        hint = f"check {URL} or --loki{'' if answer.fault == 'address' else ', and whether Loki is running'}"
    elif action is Action.REFUSED_BY_POLICY:
        hint = "block_ingestion_until in Loki's limits_config says until when; nothing was stored, so ship it again after that"
    elif action is Action.UNAUTHORISED:
        hint = _caller_hint(answer, settings)
    elif action is Action.SLOW_DOWN:
        hint = "raise ingestion_rate_mb, per_stream_rate_limit or max_global_streams_per_user in Loki's limits_config, or ship less at once"
    elif action is Action.TRY_AGAIN:
        hint = "look at Loki's own log, or at what stands before it"
    else:
        hint = f"check {URL} or --loki: Loki is to be there, {PUSH_PATH} is added to it"
    return hint


def _caller_hint(answer: Answer, settings: PushSettings) -> str:
    if ABOUT_TENANT.search(answer.text):
        return f"set {TENANT} to a tenant of this Loki" if settings.tenant is None else f"check {TENANT}"
    if settings.user is not None:
        return f"check {USER} and {PASSWORD}, and whether this user may write logs"
    if settings.bearer_token is not None or settings.bearer_token_file is not None:
        return f"check {BEARER_TOKEN}, and whether it may write logs"
    return f"set {USER} and {PASSWORD}, or {BEARER_TOKEN}"


def _authorization(settings: PushSettings) -> str | None:
    if (token := read_bearer_token(settings)) is not None:
        return f"Bearer {token.reveal()}"
    password = read_password(settings)
    if settings.user is None or password is None:
        return None
    return f"Basic {b64encode(f'{settings.user}:{password.reveal()}'.encode()).decode()}"


def _pool(settings: PushSettings) -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=_CONNECTIONS, ssl_context=tls_context(settings))


def _fault(error: BaseException) -> Literal["certificate", "address"] | None:
    if isinstance(error, LocationValueError):
        return "address"
    if isinstance(error, SSLError) and error.args and isinstance(error.args[0], ssl.SSLCertVerificationError):
        return "certificate"
    return None


def _place(location: str) -> str:
    """Where a redirect leads, without what may be secret in it."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return "what is no address"
    return f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else parts.path


def _reason(error: object) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return error.reason
    if isinstance(error, OSError):
        return error.strerror or str(error) or None
    return str(error) or None if isinstance(error, HTTPException) else None


class _Fresh(Generic[Value]):
    """A value made of files, made again when one has changed. What cannot be made stays as it was: files are replaced one by one."""

    def __init__(self, files: tuple[Path | None, ...], make: Callable[[], Value]) -> None:
        self._files = tuple(file for file in files if file is not None)
        self._make = make
        self._lock = threading.Lock()
        self._seen = self._look()
        self._value = make()

    def get(self) -> Value:
        """The value of now."""
        with self._lock:
            seen = self._look()
            if seen != self._seen:
                try:
                    self._value = self._make()
                except UsageError:
                    return self._value
                self._seen = seen
            return self._value

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_stamp(file) for file in self._files)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(file)  # noqa: PTH116 — a request's time counts
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
