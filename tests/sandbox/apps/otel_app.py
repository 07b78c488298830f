"""A service traced by OpenTelemetry with AWS's ids and propagation. It knows of the sandbox by OTEL_EXPORTER_OTLP_ENDPOINT alone."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager

from flask import Flask
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.propagate import set_global_textmap
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.sdk.extension.aws.trace import AwsXRayIdGenerator
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import get_current_span, get_tracer, set_tracer_provider

from .shop import SERVICE, add_views

provider = TracerProvider(
    resource=Resource.create({SERVICE_NAME: SERVICE, "cloud.platform": "aws_eks", "k8s.cluster.name": "test"}),
    id_generator=AwsXRayIdGenerator(),
)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
set_tracer_provider(provider)
set_global_textmap(AwsXRayPropagator())
RequestsInstrumentor().instrument()
app = Flask(SERVICE)
FlaskInstrumentor().instrument_app(app)


class OpenTelemetry:
    def trace_id(self) -> str:
        digits = f"{get_current_span().get_span_context().trace_id:032x}"
        return f"1-{digits[:8]}-{digits[8:]}"

    def annotate(self, key: str, value: object) -> None:
        span = get_current_span()
        span.set_attribute(key, value)
        span.set_attribute("aws.xray.annotations", ["tenant", "items", "beta"])

    def describe(self, key: str, value: object) -> None:
        get_current_span().set_attribute(f"aws.xray.metadata.{key}", json.dumps(value))

    def user(self, name: str) -> None:
        get_current_span().set_attribute("enduser.id", name)

    def step(self, name: str) -> AbstractContextManager[object]:
        step: AbstractContextManager[object] = get_tracer("shop").start_as_current_span(name)
        return step


add_views(app, OpenTelemetry())
