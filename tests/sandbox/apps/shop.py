"""A service of a shop, whatever traces it. SERVICE is its name, NEXT the address of the service it asks, AWS the one of a DynamoDB."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import requests
from flask import Flask, Response, jsonify

SERVICE = os.environ["SERVICE"]
NEXT = os.environ.get("NEXT", "")
PATIENCE_SECONDS = 10
STEPS = 70


class Tracing(Protocol):
    def trace_id(self) -> str:
        """Of the current request, in X-Ray's form."""

    def annotate(self, key: str, value: object) -> None: ...

    def describe(self, key: str, value: object) -> None:
        """Metadata."""

    def user(self, name: str) -> None: ...

    def step(self, name: str) -> AbstractContextManager[object]:
        """A named part of the current request."""


def add_views(app: Flask, tracing: Tracing) -> None:
    """
    /cart   asks the next service for /stock
    /broken asks the next service for /fail, and answers all the same
    /stock  answers
    /fail   raises
    /many   does many small things: the X-Ray SDK sends most of them before their segment ends
    /health is what a sampling rule may leave out
    """

    def view(path: str, answer: Callable[[], dict[str, object]]) -> None:
        def answered() -> Response:
            more = answer()
            reply: Response = jsonify(service=SERVICE, trace_id=tracing.trace_id(), **more)
            return reply

        app.add_url_rule(path, path.strip("/"), answered)

    def cart() -> dict[str, object]:
        tracing.annotate("tenant", "blue")
        tracing.annotate("items", 3)
        tracing.annotate("beta", value=True)
        tracing.describe("cart", {"items": ["tea", "cup"]})
        tracing.user("ann")
        return {"next": requests.get(f"{NEXT}/stock", timeout=PATIENCE_SECONDS).json()}

    def broken() -> dict[str, object]:
        return {"next": requests.get(f"{NEXT}/fail", timeout=PATIENCE_SECONDS).status_code}

    def fail() -> dict[str, object]:
        raise ValueError("no money")

    def many() -> dict[str, object]:
        for number in range(STEPS):
            with tracing.step(f"step {number}"):
                pass
        return {"steps": STEPS}

    view("/cart", cart)
    view("/many", many)
    view("/broken", broken)
    view("/stock", dict)
    view("/fail", fail)
    view("/health", dict)
