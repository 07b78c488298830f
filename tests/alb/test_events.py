from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray_grafana.alb.events import BadRecord, EventError, ObjectRef, read_body, read_event, read_task
from xray_grafana.alb.handover import (
    dead_letter_attributes,
    item_body,
    object_body,
    printable,
    queue_url_beside,
    reason_of,
)
from xray_grafana.errors import SourceError

EVENTS = Path(__file__).with_name("events")
KEY = (
    "alb/prod/AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/09/20/"
    "111122223333_elasticloadbalancing_eu-west-1_app.shop-front.50dc6c495c0c9188_20260920T1005Z_10.0.3.7_4k2a9x1b.log.gz"
)
PUT = ObjectRef("shop-alb-logs", KEY, None, "d41d8cd98f00b204e9800998ecf8427e", 48213)
BRIDGED = ObjectRef(
    "shop-alb-logs", "team a+b/50%25/a.log.gz", "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "b1946ac92492d2347c6235b4d2611184", 48213
)


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s3_put", (PUT,)),
        (
            "s3_multipart_versioned",
            (
                ObjectRef(
                    "shop-alb-logs",
                    'logs of "München"+1/a.log.gz',
                    "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                    "9b2cf535f27731c974343645a3985328-64",
                    1073741824,
                ),
            ),
        ),
        ("s3_test_event", ()),
        ("s3_removed", ()),
        ("sns_envelope", (PUT,)),
        ("sns_lambda", (PUT,)),
        ("event_bridge_created", (BRIDGED,)),
        ("event_bridge_deleted", ()),
        (
            "continuation",
            (ObjectRef("shop-alb-logs", "a b.log.gz", None, "d41d8cd98f00b204e9800998ecf8427e-500", 5000000000, 536870912, backfill=True),),
        ),
    ],
)
def test_each_source_is_read(name: str, expected: tuple[ObjectRef, ...]) -> None:
    assert read_event(event(name)) == expected
    assert read_body(json.dumps(event(name))) == expected


def test_messages_of_sqs_are_opened_each_for_itself() -> None:
    first, second, third = read_event(event("sqs_lambda"))
    assert (first, second) == (PUT, BRIDGED)
    assert isinstance(third, BadRecord)
    assert "not JSON" in str(third.error)
    assert third.record == event("sqs_lambda")["Records"][2]


def test_an_envelope_in_an_envelope_is_opened() -> None:
    body = json.dumps({"Records": [{"eventSource": "aws:sqs", "body": json.dumps(event("sns_envelope"))}]})
    assert read_body(body) == (PUT,)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("batch_v1", ObjectRef("shop-alb-logs", "logs of München/a.log.gz", "jbo9_jhdPEyB4RrmOxWS0kU0EoNrU_oI", backfill=True)),
        ("batch_v2", ObjectRef("shop-alb-logs", "a+b.log.gz", None, backfill=True)),
    ],
)
def test_tasks_of_batch_operations_are_old_objects(name: str, expected: ObjectRef) -> None:
    assert read_task(event(name)["tasks"][0]) == expected


@pytest.mark.parametrize("task", [None, [], {}, {"s3Key": "a"}, {"s3BucketArn": "", "s3Key": "a"}, {"s3Bucket": "b", "s3Key": 7}])
def test_a_task_without_bucket_or_key_is_refused(task: object) -> None:
    with pytest.raises(EventError):
        read_task(task)


def notification(**changes: Any) -> dict[str, Any]:
    record = event("s3_put")["Records"][0]
    record["s3"]["object"].update(changes)
    return {"Records": [record]}


def only(item: object) -> ObjectRef:
    assert isinstance(item, ObjectRef)
    return item


def bad(parsed: tuple[object, ...]) -> str:
    [item] = parsed
    assert isinstance(item, BadRecord)
    return item.error.summary


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "got a JSON list; understood is an S3 notification"),
        ("{}", "got an empty JSON object"),
        ("null", "got the JSON value null"),
        ("4.5", "got the JSON value 4.5"),
        ('""', "got an empty text"),
        ('"x"', "got a JSON text"),
        ('{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}', "got a JSON object with a, b, c, d, e, f, …;"),
        ('{"Records":{}}', "got a JSON object with Records;"),
        ('{"Type":"Notification","Message":"hello"}', "not JSON"),
        ('{"source":"aws.ec2","detail-type":"Object Created","detail":{}}', "got a JSON object with source, detail-type, detail"),
        (
            '{"source":"aws.s3","detail-type":"Object Created","detail":7}',
            '"detail" is the JSON value 7; expected bucket.name and object.key',
        ),
    ],
)
def test_what_is_none_of_the_forms_is_refused_with_what_it_is(body: str, text: str) -> None:
    with pytest.raises(EventError) as refused:
        read_body(body)
    assert text in refused.value.summary
    assert refused.value.permanent


def test_the_content_of_a_strange_message_is_not_repeated() -> None:
    with pytest.raises(EventError) as refused:
        read_body('{"password": "hunter2"}')
    assert "hunter2" not in str(refused.value)


def test_an_unconfirmed_subscription_is_named_with_what_to_do() -> None:
    with pytest.raises(EventError, match="SubscriptionConfirmation") as refused:
        read_event(event("sns_confirmation"))
    assert "confirm-subscription" in str(refused.value)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (None, "the JSON value null"),
        (3, "the JSON value 3"),
        ({}, "an empty JSON object"),
        ({"eventSource": "aws:kinesis", "kinesis": {}}, "a JSON object with eventSource, kinesis"),
        ({"eventSource": "aws:sqs", "body": "x"}, "not JSON"),
        ({"EventSource": "aws:sns", "Sns": {"Message": "x"}}, "not JSON"),
        ({"eventName": "ObjectCreated:Put", "s3": None}, '"s3" is the JSON value null'),
        ({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {}}}, "expected bucket.name and object.key"),
        ({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": ""}, "object": {"key": "a"}}}, "a bucket that is an empty text"),
        ({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": ["a"]}}}, "a key that is a JSON list"),
        ({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "%FF"}}}, "no UTF-8"),
        ({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "a\ud800"}}}, "half a character"),
    ],
)
def test_a_bad_record_is_told_and_the_others_are_read(record: object, text: str) -> None:
    first, second, third = read_event({"Records": [*event("s3_put")["Records"], record, *event("continuation")["Records"]]})
    assert first == PUT
    assert bad((second,)).count(text) == 1
    assert only(third).offset == 536870912


@pytest.mark.parametrize(
    "own",
    [
        7,
        {},
        {"offset": 1},
        {"offset": -1, "backfill": False},
        {"offset": True, "backfill": False},
        {"offset": "1", "backfill": False},
        {"offset": 1, "backfill": 0},
        {"offset": 1.0, "backfill": False},
        {"offset": 2**63, "backfill": False},
    ],
)
def test_a_wrong_offset_is_refused_because_lines_would_be_lost(own: object) -> None:
    changed = notification()
    changed["Records"][0]["xrayGrafana"] = own
    assert "xrayGrafana" in bad(read_event(changed))


@pytest.mark.parametrize("changes", [{"size": "big"}, {"size": True}, {"size": -1}, {"eTag": 7}, {"versionId": ""}, {"more": {}}])
def test_what_is_not_needed_may_be_anything(changes: dict[str, Any]) -> None:
    ref = only(read_event(notification(**changes))[0])
    assert (ref.key, ref.version_id) == (KEY, None)
    assert ref.size_bytes == (48213 if "size" not in changes else None)


def test_names_are_what_aws_prints() -> None:
    assert PUT.name == f"s3://shop-alb-logs/{KEY}"


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)


@given(
    st.builds(
        ObjectRef, TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS, st.none() | st.integers(0), st.integers(0, 2**63 - 1), st.booleans()
    )
)
def test_what_we_write_is_what_we_read(ref: ObjectRef) -> None:
    assert read_body(object_body(ref)) == (ref,)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["Records", "s3", "eventName", "bucket", "name", "object", "key"]) | st.text(), inner)
    ),
)


@given(JSON)
def test_no_json_trips_the_reader(value: object) -> None:
    try:
        items = read_body(json.dumps(value))
    except EventError:
        return
    assert all(isinstance(item, ObjectRef | BadRecord) for item in items)


def test_the_messages_we_write_look_like_those_of_s3() -> None:
    body = json.loads(object_body(ObjectRef("b", "a b/ü+.gz", None, "e1", 7, 1024)))
    assert body["Records"][0]["s3"] == {"bucket": {"name": "b"}, "object": {"key": "a+b/%C3%BC%2B.gz", "size": 7, "eTag": "e1"}}
    assert body["Records"][0]["xrayGrafana"] == {"offset": 1024, "backfill": False}


def test_one_bad_record_of_several_goes_on_as_it_came() -> None:
    [item] = read_event({"Records": [{"odd": 1}]})
    assert json.loads(item_body(item)) == {"Records": [{"odd": 1}]}


def test_dead_letter_attributes_hold_what_sqs_takes() -> None:
    attributes = dead_letter_attributes("too\nbad\x00 " + "x" * 300, "s3://b/ü\x07", 5)
    assert attributes["reason"]["StringValue"].startswith("too\\nbad\\x00 xxx")
    assert len(attributes["reason"]["StringValue"]) == 256
    assert attributes["object"] == {"DataType": "String", "StringValue": "s3://b/ü\\x07"}
    assert attributes["attempts"] == {"DataType": "Number", "StringValue": "5"}


def test_an_unknown_object_leaves_its_attribute_out() -> None:
    assert set(dead_letter_attributes("why", "", 1)) == {"reason", "attempts"}


def test_reasons_are_one_line_without_the_hint() -> None:
    assert reason_of(SourceError("gone", where="s3://b/a", hint="look")) == "gone"
    assert reason_of(ValueError("a\nb")) == "a fault of the program: ValueError: a\\nb"
    assert printable("ok ü") == "ok ü"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/111122223333/alb-logs", "https://sqs.eu-west-1.amazonaws.com/111122223333/dead"),
        ("https://sqs.cn-north-1.amazonaws.com.cn", "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/dead"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000/111122223333/dead"),
    ],
)
def test_a_queue_beside_another_is_at_the_same_service(url: str, expected: str) -> None:
    assert queue_url_beside(url, "arn:aws:sqs:eu-west-1:111122223333:dead") == expected
