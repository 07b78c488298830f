"""The shop traced by OpenTelemetry, which sends to OTEL_EXPORTER_OTLP_ENDPOINT: a collector with an OTLP receiver, not the X-Ray daemon."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

from flask import Flask, has_request_context, request
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.propagate import set_global_textmap
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.sdk.extension.aws.trace import AwsXRayIdGenerator
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from .shop import AMAZON_HEADER, Settings, create_app, root_of, sampled


def xray_form(trace_id: int) -> str:
    """A trace id as X-Ray writes it: `1-8hex-24hex`, from the same 128 bits."""
    digits = f"{trace_id:032x}"
    return f"1-{digits[:8]}-{digits[8:]}"


class LoadBalancerIdGenerator(AwsXRayIdGenerator):  # type: ignore[misc,unused-ignore]
    """Ids that begin with the time, as X-Ray asks; a request from a load balancer keeps the id it came with.

    A load balancer sends a Root without Parent. The propagator drops such a header, so the server span has no parent and asks for a new
    trace id here: without this one the load balancer's log line would lead to no trace.
    """

    def generate_trace_id(self) -> int:
        """Called for a span without parent only."""
        root = sampled(root_of(request.headers.get(AMAZON_HEADER))) if has_request_context() else None
        if root is not None:
            return int(root.removeprefix("1-").replace("-", ""), 16)
        fresh: int = super().generate_trace_id()
        return fresh


class OpenTelemetry:
    """The tracer of the process."""

    def __init__(self, service: str) -> None:
        provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}), id_generator=LoadBalancerIdGenerator())
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
        set_global_textmap(AwsXRayPropagator())
        RequestsInstrumentor().instrument()
        self._tracer = trace.get_tracer("demo")

    def instrument(self, app: Flask) -> None:
        """A server span for every request."""
        FlaskInstrumentor().instrument_app(app)

    def trace_id(self) -> str | None:
        """The current span's trace."""
        context = trace.get_current_span().get_span_context()
        return xray_form(context.trace_id) if context.trace_flags.sampled else None

    def annotate(self, key: str, value: str) -> None:
        """An attribute of the span; the collector makes an annotation of it when the attribute is indexed."""
        trace.get_current_span().set_attribute(key, value)

    def step(self, name: str) -> AbstractContextManager[object]:
        """A span below the current one."""
        span: AbstractContextManager[object] = self._tracer.start_as_current_span(name)
        return span


settings = Settings.of(os.environ)
app = create_app(settings, OpenTelemetry(settings.service))
