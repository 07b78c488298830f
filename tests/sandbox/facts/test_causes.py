"""Root causes: whom a failure or slowness is put down to, and by what path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import pytest

from tests.sandbox.build_trace import TRACE_ID, Document, apart, exceptions, request, segment, span_id, subsegment
from xray_grafana.sandbox.facts.facts import Cause, CauseEntity, CauseException, CauseService
from xray_grafana.sandbox.facts.read import read_trace

EC2 = "AWS::EC2::Instance"
TIMEOUT = CauseException("TimeoutError", "boom")
BOOM = exceptions("boom")

Path: TypeAlias = list[tuple[str, list[str]]]


def faults(*documents: Document) -> tuple[Cause, ...]:
    return read_trace(TRACE_ID, documents).fault_causes


def errors(*documents: Document) -> tuple[Cause, ...]:
    return read_trace(TRACE_ID, documents).error_causes


def delays(*documents: Document) -> tuple[Cause, ...]:
    return read_trace(TRACE_ID, documents).response_time_causes


def paths(causes: Sequence[Cause]) -> list[Path]:
    """Each service of each cause with the names of its entities."""
    return [[(service.name, [entity.name for entity in service.entities]) for service in cause.services] for cause in causes]


def coverages(cause: Cause) -> list[float | None]:
    return [entity.coverage for service in cause.services for entity in service.entities]


def test_a_flag_alone_is_no_cause() -> None:
    documents = [
        segment("shop", 1, fault=True, status=503, subsegments=[subsegment("call", 2, namespace="remote", fault=True)]),
        segment("cart", 3, parent=2, fault=True),
    ]

    assert faults(*documents) == ()
    assert errors(*documents) == ()


def test_an_exception_of_the_root_is_a_cause_that_clients_feel() -> None:
    assert faults(segment("shop", 1, origin=EC2, fault=True, cause=BOOM)) == (
        Cause(
            services=(
                CauseService(
                    name="shop",
                    type=EC2,
                    account=None,
                    inferred=False,
                    entities=(CauseEntity(name="shop", exceptions=(TIMEOUT,), coverage=None, remote=False),),
                ),
            ),
            client_impacting=True,
        ),
    )


def test_an_exception_without_a_flag_is_no_cause() -> None:
    assert faults(segment("shop", 1, cause=BOOM)) == ()


def test_the_path_goes_from_the_root_through_services_and_their_steps_to_the_exception() -> None:
    causes = faults(
        segment("shop", 1, origin=EC2, fault=True, subsegments=[subsegment("cart.local", 2, namespace="remote", fault=True)]),
        segment("cart", 3, parent=2, fault=True, subsegments=[subsegment("look up", 4, fault=True, cause=BOOM)]),
    )

    assert paths(causes) == [[("shop", ["shop", "cart.local"]), ("cart", ["cart", "look up"])]]
    assert causes[0].client_impacting
    assert [service.type for service in causes[0].services] == [EC2, ""]
    assert [entity.remote for service in causes[0].services for entity in service.entities] == [False, True, False, False]
    assert causes[0].services[1].entities[1].exceptions == (TIMEOUT,)


def test_a_failed_call_that_nobody_answered_ends_at_the_inferred_node() -> None:
    (cause,) = faults(
        segment("shop", 1, fault=True, subsegments=[subsegment("pay.example", 2, namespace="remote", status=503, cause=BOOM)])
    )

    caller, receiver = cause.services
    assert (receiver.name, receiver.type, receiver.inferred) == ("pay.example", "remote", True)
    assert receiver.entities == (CauseEntity(name="pay.example", exceptions=(), coverage=None, remote=False),)
    assert caller.entities[1] == CauseEntity(name="pay.example", exceptions=(TIMEOUT,), coverage=None, remote=True)
    assert not caller.inferred


def test_a_throttled_table_behind_a_root_that_coped_is_an_error_that_clients_do_not_feel() -> None:
    table = subsegment("DynamoDB", 2, namespace="aws", error=True, throttle=True, aws={"table_name": "orders", "operation": "GetItem"})
    documents = [segment("shop", 1, status=200, subsegments=[table])]

    assert errors(*documents) == (
        Cause(
            services=(
                CauseService(
                    name="orders",
                    type="AWS::DynamoDB::Table",
                    account=None,
                    inferred=True,
                    entities=(CauseEntity(name="DynamoDB", exceptions=(), coverage=None, remote=False),),
                ),
            ),
            client_impacting=False,
        ),
    )
    assert faults(*documents) == ()


def test_a_failed_call_that_its_caller_coped_with_keeps_its_exceptions() -> None:
    call = subsegment("DynamoDB", 2, namespace="aws", error=True, aws={"table_name": "orders"}, cause=exceptions("boom"))
    (cause,) = errors(segment("shop", 1, status=200, subsegments=[call]))

    assert [service.name for service in cause.services] == ["orders"]
    assert cause.services[0].entities == (CauseEntity(name="DynamoDB", exceptions=(TIMEOUT,), coverage=None, remote=False),)


def test_a_failed_inferred_node_goes_before_an_exception_of_the_same_service() -> None:
    causes = faults(
        segment(
            "shop",
            1,
            fault=True,
            cause=BOOM,
            subsegments=[
                subsegment("parse", 2, 0.0, fault=True, cause=BOOM),
                subsegment("pay.example", 3, 0.5, namespace="remote", fault=True),
            ],
        )
    )

    assert paths(causes) == [[("shop", ["shop", "pay.example"]), ("pay.example", ["pay.example"])]]


def test_of_two_exceptions_the_earlier_step_is_named() -> None:
    steps = [subsegment("late", 2, 0.5, fault=True, cause=BOOM), subsegment("early", 3, 0.25, fault=True, cause=BOOM)]

    assert paths(faults(segment("shop", 1, fault=True, subsegments=steps))) == [[("shop", ["shop", "early"])]]


def test_a_failed_callee_whose_caller_coped_is_a_cause_of_its_own() -> None:
    """The call failed, the segment around it did not: the path begins at the segment that answered."""
    causes = faults(
        segment("shop", 1, status=200, subsegments=[subsegment("cart", 2, namespace="remote", status=503)]),
        segment("cart", 3, parent=2, status=503, fault=True, cause=BOOM),
    )

    assert paths(causes) == [[("cart", ["cart"])]]
    assert not causes[0].client_impacting


def test_two_failures_that_nobody_above_felt_are_two_causes() -> None:
    calls = [
        subsegment("a.example", 2, 0.0, namespace="remote", fault=True),
        subsegment("b.example", 3, 0.5, namespace="remote", fault=True),
    ]

    assert paths(faults(segment("shop", 1, subsegments=calls))) == [[("a.example", ["a.example"])], [("b.example", ["b.example"])]]


def test_a_failed_step_whose_segment_coped_is_no_cause() -> None:
    assert faults(segment("shop", 1, subsegments=[subsegment("parse", 2, fault=True, cause=BOOM)])) == ()


def test_a_step_that_did_not_fail_breaks_the_path() -> None:
    """shop failed by an exception of its own; cart failed behind a step that did not fail, so shop is not told to have felt it."""
    causes = faults(
        segment(
            "shop",
            1,
            fault=True,
            cause=BOOM,
            subsegments=[subsegment("try", 2, subsegments=[subsegment("cart", 3, namespace="remote", fault=True)])],
        ),
        segment("cart", 4, parent=3, fault=True, cause=BOOM),
    )

    assert paths(causes) == [[("shop", ["shop"])], [("cart", ["cart"])]]
    assert [cause.client_impacting for cause in causes] == [True, False]


def test_a_partial_trace_has_causes_that_clients_are_not_known_to_feel() -> None:
    causes = faults(segment("cart", 3, parent=9, fault=True, cause=BOOM))

    assert paths(causes) == [[("cart", ["cart"])]]
    assert not causes[0].client_impacting


def test_what_belongs_to_no_segment_is_no_cause() -> None:
    assert faults(apart(subsegment("pay.example", 2, namespace="remote", fault=True, cause=BOOM), parent=9)) == ()


def test_a_cause_that_is_the_id_of_an_exception_leads_to_the_subsegment_that_raised_it() -> None:
    """Without the reference the path would end at the failed call."""
    raising = subsegment("parse", 3, 0.5, fault=True, cause=exceptions("boom", first_id=0xE5))
    outer = subsegment("checkout", 2, 0.5, fault=True, subsegments=[raising])
    call = subsegment("pay.example", 4, 0.0, namespace="remote", fault=True)
    causes = faults(segment("shop", 1, fault=True, cause=span_id(0xE5), subsegments=[call, outer]))

    assert paths(causes) == [[("shop", ["shop", "checkout", "parse"])], [("pay.example", ["pay.example"])]]
    assert [cause.client_impacting for cause in causes] == [True, False]
    assert [entity.exceptions for entity in causes[0].services[0].entities] == [(), (), (TIMEOUT,)]


def test_a_reference_passes_steps_that_bear_no_flag_and_their_services_are_told_once() -> None:
    causes = faults(
        segment("shop", 1, fault=True, cause=span_id(0xE5), subsegments=[subsegment("cart", 2, namespace="remote")]),
        segment("cart", 3, parent=2, fault=True, cause=exceptions("boom", first_id=0xE5)),
    )

    assert paths(causes) == [[("shop", ["shop", "cart"]), ("cart", ["cart"])]]


@pytest.mark.parametrize("reference", [span_id(0xFF), "", "no id", span_id(0xE5)])
def test_a_reference_that_leads_nowhere_below_is_as_if_it_were_not_there(reference: str) -> None:
    """0xE5 is raised by the root above the one that names it."""
    step = subsegment("parse", 2, fault=True, cause=reference)
    causes = faults(segment("shop", 1, fault=True, cause=exceptions("boom", first_id=0xE5), subsegments=[step]))

    assert paths(causes) == [[("shop", ["shop"])]]


@pytest.mark.parametrize(
    "odd", [None, 7, [], {}, {"exceptions": None}, {"exceptions": "boom"}, {"exceptions": []}, {"exceptions": [None, 7, "boom"]}]
)
def test_a_cause_of_another_shape_holds_no_exception(odd: object) -> None:
    assert faults(segment("shop", 1, fault=True, cause=odd)) == ()


def test_an_exception_without_a_type_has_an_empty_one_and_without_a_message_none() -> None:
    (cause,) = faults(segment("shop", 1, fault=True, cause={"exceptions": [{}, {"type": 7, "message": None}]}))

    assert cause.services[0].entities[0].exceptions == (CauseException("", None), CauseException("", None))


def test_a_service_that_calls_itself_stands_twice_on_the_path() -> None:
    causes = faults(
        segment("shop", 1, fault=True, subsegments=[subsegment("shop", 2, namespace="remote", fault=True)]),
        segment("shop", 3, parent=2, fault=True, cause=BOOM),
    )

    assert paths(causes) == [[("shop", ["shop", "shop"]), ("shop", ["shop"])]]


def test_a_path_of_thousands_is_no_deeper_than_memory() -> None:
    count = 3_000
    documents = [segment("first", 0, fault=True)]
    documents.extend(segment("next", number, parent=number - 1, fault=True) for number in range(1, count))
    documents[-1]["cause"] = BOOM
    (cause,) = faults(*documents)

    assert len(cause.services) == count


def test_a_client_error_is_an_error_and_no_fault() -> None:
    documents = [segment("shop", 1, http=request(status=404), cause=BOOM)]

    assert paths(errors(*documents)) == [[("shop", ["shop"])]]
    assert faults(*documents) == ()


def test_three_of_four_seconds_are_a_cause_of_slowness_and_one_is_not() -> None:
    """3 / 4 = 0.75 is more than half, 1 / 4 is not."""
    slow = subsegment("slow.example", 2, 0.0, 3.0, namespace="remote")
    quick = subsegment("quick.example", 3, 3.0, 4.0, namespace="remote")
    (cause,) = delays(segment("shop", 1, 0, 4, origin=EC2, subsegments=[slow, quick]))

    assert paths([cause]) == [[("shop", ["shop", "slow.example"]), ("slow.example", ["slow.example"])]]
    assert coverages(cause) == [1.0, 0.75, 0.75]
    assert [service.inferred for service in cause.services] == [False, True]
    assert cause.client_impacting


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(2.0, []), (2.25, [("shop", ["shop", "step"])]), (4.0, [("shop", ["shop", "step"])]), (4.25, [])],
)
def test_a_cause_of_slowness_takes_more_than_half_of_the_roots_time_and_not_more_than_all(seconds: float, expected: Path) -> None:
    """Half of 4 s is 2 s. What takes longer than the root runs beside it."""
    causes = delays(segment("shop", 1, 0, 4, subsegments=[subsegment("step", 2, 0, seconds)]))

    assert paths(causes) == ([expected] if expected else [])


def test_slowness_is_followed_through_the_services_while_it_is_more_than_half_of_the_roots() -> None:
    """7/8, 6/8, then 5/8 of the root's 8 s; the last step took 4 s, which is just half."""
    (cause,) = delays(
        segment("shop", 1, 0, 8, subsegments=[subsegment("cart", 2, 0, 7, namespace="remote")]),
        segment("cart", 3, 0.5, 6.5, parent=2, subsegments=[subsegment("work", 4, 1, 6, subsegments=[subsegment("half", 5, 1, 5)])]),
    )

    assert paths([cause]) == [[("shop", ["shop", "cart"]), ("cart", ["cart", "work"])]]
    assert coverages(cause) == [1.0, 0.875, 0.75, 0.625]


def test_of_two_slow_steps_at_a_time_the_longer_is_the_cause() -> None:
    """Both run at once: 2.5 s and 3 s of 4 s."""
    steps = [subsegment("shorter", 2, 0, 2.5), subsegment("longer", 3, 0.5, 3.5), subsegment("open", 4, 0, None)]

    assert paths(delays(segment("shop", 1, 0, 4, subsegments=steps))) == [[("shop", ["shop", "longer"])]]


@pytest.mark.parametrize("members", [{"end": None}, {"end": 0.0}, {"parent": 9, "end": 4.0}])
def test_without_a_root_that_took_time_there_is_no_cause_of_slowness(members: dict[str, Any]) -> None:
    assert delays(segment("shop", 1, 0, subsegments=[subsegment("step", 2, 0, 3)], **members)) == ()
