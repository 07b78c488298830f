from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.made_facts import counted
from tests.sandbox.service_model import check_answer
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.put import put_telemetry_records


def test_records_of_the_daemon_are_taken() -> None:
    with counted([]) as context:
        check_answer("PutTelemetryRecords", put_telemetry_records(context, {"TelemetryRecords": [{"Timestamp": 1.79e9}]}))


@pytest.mark.parametrize(
    ("request_", "name", "message"),
    [
        (
            {},
            "ValidationException",
            "1 validation error detected: Value null at 'telemetryRecords' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"TelemetryRecords": [{"Timestamp": 10**400}]},
            "SerializationException",
            "timestamp is not of the type that the service model gives it",
        ),
        ({"TelemetryRecords": []}, "InvalidRequestException", "Telemetry records can not be empty"),
    ],
)
def test_records_of_another_form_are_refused(request_: dict[str, Any], name: str, message: str) -> None:
    with counted([]) as context, pytest.raises(ApiError) as refusal:
        put_telemetry_records(context, request_)
    assert (refusal.value.name, refusal.value.message) == (name, message)
