"""The shop traced by the AWS X-Ray SDK, which sends to AWS_XRAY_DAEMON_ADDRESS. The SDK is in maintenance mode since 2026-02-25."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask

from .shop import Settings, create_app


class XRaySdk:
    """The recorder of the process."""

    def __init__(self, service: str) -> None:
        xray_recorder.configure(service=service, context_missing="LOG_ERROR")
        patch(["requests"])

    def instrument(self, app: Flask) -> None:
        """A segment for every request; the trace id of a load balancer is taken over."""
        XRayMiddleware(app, xray_recorder)

    def trace_id(self) -> str | None:
        """The current segment's trace."""
        segment = xray_recorder.current_segment()
        return segment.trace_id if segment.sampled else None

    def annotate(self, key: str, value: str) -> None:
        """An annotation of the segment."""
        xray_recorder.current_segment().put_annotation(key, value)

    def step(self, name: str) -> AbstractContextManager[object]:
        """A subsegment."""
        subsegment: AbstractContextManager[object] = xray_recorder.in_subsegment(name)
        return subsegment


settings = Settings.of(os.environ)
app = create_app(settings, XRaySdk(settings.service))
