from __future__ import annotations

import re

import botocore.session
import pytest

from xray_grafana.sandbox.api.operations import (
    OPERATIONS,
    SIGNALS_OPERATIONS,
    XRAY_OPERATIONS,
    Operation,
    find,
    no_such_path,
    not_covered,
)


def _modelled(service: str) -> dict[str, tuple[str, str]]:
    model = botocore.session.get_session().get_service_model(service)
    https = {name: model.operation_model(name).http for name in model.operation_names}
    return {name: (http["method"], http["requestUri"]) for name, http in https.items()}


def test_the_table_has_every_operation_of_x_ray_with_the_method_and_path_of_the_service_model() -> None:
    assert {each.name: (each.method, each.path) for each in XRAY_OPERATIONS} == _modelled("xray")
    assert len(XRAY_OPERATIONS) == len(_modelled("xray"))


def test_the_operations_of_application_signals_are_where_the_service_model_has_them() -> None:
    modelled = _modelled("application-signals")
    assert {each.name: (each.method, each.path) for each in SIGNALS_OPERATIONS} == {
        each.name: modelled[each.name] for each in SIGNALS_OPERATIONS
    }
    assert {each.name for each in SIGNALS_OPERATIONS} == {
        "ListServices",
        "ListServiceOperations",
        "ListServiceDependencies",
        "ListServiceLevelObjectives",
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_what_is_missing_is_said_of_what_is_there_and_without_a_full_stop(operation: Operation) -> None:
    if operation.missing is not None:
        assert operation.handler is not None
        assert re.fullmatch(r".+[^.]", operation.missing)


@pytest.mark.parametrize(
    ("path", "coverage"), [("/Traces", "covered"), ("/ServiceGraph", "partly"), ("/PutEncryptionConfig", "not"), ("/slos", "partly")]
)
def test_coverage_says_how_much_there_is(path: str, coverage: str) -> None:
    operation = find("POST", path)
    assert operation is not None
    assert operation.coverage == coverage


def test_all_wait_for_what_was_put_but_those_that_have_nothing_to_do_with_it() -> None:
    assert {each.name for each in OPERATIONS if each.handler is not None and not each.settles} == {
        "CreateSamplingRule",
        "DeleteSamplingRule",
        "GetSamplingRules",
        "GetSamplingStatisticSummaries",
        "GetSamplingTargets",
        "PutTelemetryRecords",
        "PutTraceSegments",
        "TagResource",
        "UntagResource",
        "UpdateSamplingRule",
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_handlers_are_named_after_their_operation(operation: Operation) -> None:
    if operation.handler is not None:
        assert re.sub(r"(?<!^)(?=[A-Z])", "_", operation.name).lower() == operation.handler.__name__


def test_a_request_line_finds_its_operation() -> None:
    found = find("POST", "/Groups")
    assert found is not None
    assert found.name == "GetGroups"
    assert find("GET", "/Groups") is None
    assert find("POST", "/groups") is None


def test_what_is_not_covered_names_itself_and_what_is() -> None:
    operation = find("POST", "/PutEncryptionConfig")
    assert operation is not None
    refusal = not_covered(operation)
    assert (refusal.name, refusal.status) == ("UnknownOperationException", 400)
    assert refusal.message.startswith("PutEncryptionConfig is not covered by this sandbox. It covers: BatchGetTraces, CreateGroup,")
    assert "CancelTraceRetrieval" not in refusal.message


def test_an_unknown_path_is_answered_loudly_with_the_paths_there_are() -> None:
    refusal = no_such_path("GET", "/v1/traces")
    assert (refusal.name, refusal.status) == ("UnknownOperationException", 404)
    assert refusal.message.startswith("No operation has the path GET /v1/traces. Paths are: POST /Traces,")
    assert refusal.message.endswith("POST /slos")
