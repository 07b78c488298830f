"""A shop of two services: `front` asks `back`, which takes its time and now and then fails.

What a request is traced with comes from outside, as a `Tracing`. Settings are environment variables:

    DEMO_ROLE               front or back
    DEMO_BACK_URL           front: address of the back service
    DEMO_MAX_DELAY_SECONDS  back: every answer takes a random time up to this one; 0.5 when left out
    DEMO_FAILURE_RATE       back: share of requests that fail with 500, from 0 to 1; 0.1 when left out
    DEMO_SEED               back: a whole number that makes delays and failures the same on every run
    HOSTNAME                the pod's name, as Kubernetes sets it
"""

from __future__ import annotations

import json
import logging
import random
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

import requests
from flask import Flask, Response, g, jsonify, request

HEALTH_PATH: Final = "/healthz"
# What load balancers and SDKs send, and what the shop answers with beside it.
AMAZON_HEADER: Final = "X-Amzn-Trace-Id"
REPLY_HEADER: Final = "X-Trace-Id"

_TRACE_ID: Final = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
# The X-Ray SDK gives this one to requests that are not sampled: no trace of that name exists.
_NO_TRACE: Final = "1-00000000-000000000000000000000000"
_BACK_TIMEOUT_SECONDS: Final = 5

_log = logging.getLogger("demo")


class Tracing(Protocol):
    """What an SDK does for the shop."""

    def instrument(self, app: Flask) -> None:
        """Trace every request of the app, and every call that `requests` makes."""

    def trace_id(self) -> str | None:
        """The id of the trace that the current request belongs to, in X-Ray's form; None when it is not sampled."""

    def annotate(self, key: str, value: str) -> None:
        """Make the current request's trace findable by a value."""

    def step(self, name: str) -> AbstractContextManager[object]:
        """A named part of the current request; an exception that leaves it is recorded in the trace."""


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    role: str
    back_url: str
    max_delay_seconds: float
    failure_rate: float
    seed: int | None
    pod: str

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Settings:
        """Raises KeyError or ValueError for a variable that is missing or malformed: the process then does not start."""
        role = environ["DEMO_ROLE"]
        if role not in {"front", "back"}:
            raise ValueError(f"DEMO_ROLE: got {role!r} — expected front or back")
        seed = environ.get("DEMO_SEED")
        return cls(
            role=role,
            back_url=environ["DEMO_BACK_URL"] if role == "front" else "",
            max_delay_seconds=float(environ.get("DEMO_MAX_DELAY_SECONDS", "0.5")),
            failure_rate=float(environ.get("DEMO_FAILURE_RATE", "0.1")),
            seed=int(seed) if seed else None,
            pod=environ.get("HOSTNAME", "unknown"),
        )

    @property
    def service(self) -> str:
        """The service's name on the X-Ray map and in log lines."""
        return f"demo-{self.role}"


class OnPurposeError(Exception):
    """The back service fails because it was told to."""


def root_of(header: str | None) -> str | None:
    """The trace id in a header such as `Self=1-…;Root=1-…`, which a load balancer sends; None unless it has exactly the form of one.

    Headers are written by strangers.
    """
    for part in (header or "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == "Root" and _TRACE_ID.fullmatch(value):
            return value
    return None


def sampled(trace_id: str | None) -> str | None:
    """The id again, but None for the one that stands for no trace and for what is no id."""
    return trace_id if trace_id and trace_id != _NO_TRACE and _TRACE_ID.fullmatch(trace_id) else None


def create_app(settings: Settings, tracing: Tracing) -> Flask:
    """The WSGI application of one of the two services."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="level=%(levelname)s %(message)s")
    app = Flask(settings.service)
    tracing.instrument(app)

    def begin() -> None:
        g.began = time.monotonic()
        g.trace_id = sampled(tracing.trace_id())
        tracing.annotate("pod", settings.pod)

    app.before_request(begin)
    app.after_request(lambda response: _finish(settings, response))
    view = _front(settings) if settings.role == "front" else _back(settings, tracing)
    app.add_url_rule("/", "shop", view)
    app.wsgi_app = _doorway(app.wsgi_app)  # type: ignore[method-assign,unused-ignore]
    return app


def _front(settings: Settings) -> Callable[[], tuple[Response, int]]:
    def view() -> tuple[Response, int]:
        try:
            answer = requests.get(settings.back_url, timeout=_BACK_TIMEOUT_SECONDS)
        except requests.RequestException as error:
            return _reply(settings, error=f"the back service did not answer: {type(error).__name__}"), 502
        if answer.status_code >= 500:  # noqa: PLR2004 - every server error of HTTP
            return _reply(settings, error=f"the back service answered {answer.status_code}"), 502
        return _reply(settings, back=answer.json()), 200

    return view


def _back(settings: Settings, tracing: Tracing) -> Callable[[], tuple[Response, int]]:
    chance = random.Random(settings.seed)  # noqa: S311 - nothing is kept secret by it

    def view() -> tuple[Response, int]:
        delay, fails = chance.uniform(0, settings.max_delay_seconds), chance.random() < settings.failure_rate
        try:
            with tracing.step("work"):
                _work(delay, fails=fails)
        except OnPurposeError as error:
            return _reply(settings, error=str(error)), 500
        return _reply(settings, delay_seconds=round(delay, 3)), 200

    return view


def _work(seconds: float, *, fails: bool) -> None:
    time.sleep(seconds)
    if fails:
        raise OnPurposeError("the back service fails on purpose")


def _reply(settings: Settings, **more: Any) -> Response:
    reply: Response = jsonify(service=settings.service, trace_id=g.trace_id, **more)
    return reply


def _finish(settings: Settings, response: Response) -> Response:
    """Put the trace id into the answer, and write the request's line."""
    fields = {
        "service": settings.service,
        "method": request.method,
        "path": json.dumps(request.path),
        "status": response.status_code,
        "duration_seconds": f"{time.monotonic() - g.began:.3f}",
    }
    if g.trace_id is not None:
        response.headers[REPLY_HEADER] = g.trace_id
        fields["trace_id"] = g.trace_id
    _log.info(" ".join(f"{key}={value}" for key, value in fields.items()))
    return response


def _doorway(inner: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Answers health checks before any SDK sees them, and lets no malformed trace header in: the X-Ray SDK would send it on."""

    def wsgi(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == HEALTH_PATH:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"ok\n"]
        if root_of(environ.get("HTTP_X_AMZN_TRACE_ID")) is None:
            environ.pop("HTTP_X_AMZN_TRACE_ID", None)
        return inner(environ, start_response)

    return wsgi
