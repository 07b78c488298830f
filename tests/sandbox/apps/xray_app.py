"""A service traced by the AWS X-Ray SDK. It knows of the sandbox by AWS_XRAY_DAEMON_ADDRESS alone: segments, sampling rules and targets."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import botocore.session
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, Response, jsonify

from .shop import SERVICE, add_views

xray_recorder.configure(service=SERVICE, plugins=())
patch(["requests", "botocore"])
app = Flask(SERVICE)
XRayMiddleware(app, xray_recorder)


class XRay:
    def trace_id(self) -> str:
        return str(xray_recorder.current_segment().trace_id)

    def annotate(self, key: str, value: object) -> None:
        xray_recorder.current_segment().put_annotation(key, value)

    def describe(self, key: str, value: object) -> None:
        xray_recorder.current_segment().put_metadata(key, value)

    def user(self, name: str) -> None:
        xray_recorder.current_segment().set_user(name)

    def step(self, name: str) -> AbstractContextManager[object]:
        step: AbstractContextManager[object] = xray_recorder.in_subsegment(name)
        return step


add_views(app, XRay())


@app.route("/order")
def order() -> Response:
    """Puts an item into a table; what goes wrong is caught."""
    config = Config(region_name="eu-west-1", retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=2)
    client = botocore.session.get_session().create_client("dynamodb", endpoint_url=os.environ["AWS"], config=config)
    try:
        client.put_item(TableName="orders", Item={"id": {"S": "A-7"}})
    except (BotoCoreError, ClientError) as error:
        return _reply(type(error).__name__)
    return _reply(None)


def _reply(error: str | None) -> Response:
    reply: Response = jsonify(trace_id=XRay().trace_id(), error=error)
    return reply


@app.route("/health/sampling")
def sampling() -> Response:
    """The rules that the SDK has, after it reported what it counted by them. Its pollers do this by themselves every ten seconds."""
    sampler = xray_recorder.sampler
    sampler.start()
    with ThreadPoolExecutor(1) as pool:  # the poller clears the trace context of the thread that it runs in
        pool.submit(sampler._target_poller._do_work).result()
    reply: Response = jsonify({rule.name: {"rate": rule.rate, "quota": rule.reservoir.quota} for rule in sampler._cache.rules})
    return reply
