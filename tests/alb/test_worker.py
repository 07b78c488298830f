from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.sqs.models import sqs_backends

from tests.alb.aws import ACCOUNT, REGION, Aws, arn_of, until
from tests.alb.stand_in import StandIn
from xray_grafana.alb.events import ObjectRef
from xray_grafana.alb.handover import object_body
from xray_grafana.alb.ship import Outcome
from xray_grafana.alb.worker import Worker
from xray_grafana.errors import LokiError, OutputError, SourceError, UsageError
from xray_grafana.push.refusals import Refusal

pytestmark = pytest.mark.enable_socket

LINES = b"one\ntwo\nthree\n"


@dataclass
class Shop:
    """A worker at a queue, what it ships, and what it says."""

    aws: Aws
    ship: StandIn
    stop: threading.Event = field(default_factory=threading.Event)
    notes: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failures: int = 0

    def worker(self, client: Any = None, **changes: Any) -> Worker:
        own = {"stop": self.stop, "report": self.outcomes.append, "failed": self._failed, "note": self.notes.append}
        options = {"poll_seconds": 0, **own}
        return Worker(client or self.aws.sqs, self.aws.queue_url, self.ship, **{**options, **changes})

    def _failed(self) -> None:
        self.failures += 1

    def drain(self, client: Any = None, **changes: Any) -> None:
        self.worker(client, drain=True, **changes).run()

    @contextmanager
    def running(self, **changes: Any) -> Iterator[list[Exception]]:
        """A worker in another thread, told to end when the block ends; its error, if any, in the list."""
        errors: list[Exception] = []

        def run() -> None:
            try:
                self.worker(**changes).run()
            except (LokiError, SourceError, UsageError) as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield errors
        finally:
            self.stop.set()
            thread.join(20)
        assert not thread.is_alive()

    @property
    def lines(self) -> dict[str, list[bytes]]:
        return dict(self.ship.lines)

    def dead_letters(self) -> list[tuple[str, str | None, str, str]]:
        """Reason, object, attempts and body of each parked message."""
        return [
            (
                each["MessageAttributes"]["reason"]["StringValue"],
                each["MessageAttributes"].get("object", {}).get("StringValue"),
                each["MessageAttributes"]["attempts"]["StringValue"],
                each["Body"],
            )
            for each in self.aws.take(self.aws.dead_url)
        ]


@pytest.fixture
def shop(aws: Aws) -> Shop:
    return Shop(aws, StandIn(aws.s3))


def raising(error: Exception) -> Callable[..., None]:
    def fault(*_: object) -> None:
        raise error

    return fault


def test_new_objects_are_shipped_and_their_messages_deleted(shop: Shop) -> None:
    for number in range(5):
        shop.aws.put(f"a+b/ü {number}.log", LINES)
    shop.drain()
    assert shop.lines == {f"a+b/ü {number}.log": [b"one", b"two", b"three"] for number in range(5)}
    assert sorted(each.name for each in shop.outcomes) == [f"s3://{shop.aws.bucket}/a+b/ü {number}.log" for number in range(5)]
    assert (shop.aws.waiting(), shop.aws.dead(), shop.notes) == ((0, 0, 0), 0, [])


def test_draining_an_empty_queue_ends_after_one_poll(shop: Shop) -> None:
    begun = time.monotonic()
    shop.drain(poll_seconds=1)
    assert 0.9 < time.monotonic() - begun < 5


def test_draining_waits_for_what_is_in_work(shop: Shop) -> None:
    """Its rest may come into the queue after the poll that gave nothing."""
    shop.aws.put("large.log", b"line\n" * 30)
    shop.ship.seconds_a_line = 0.1
    shop.drain(slice_seconds=1.5, poll_seconds=1)
    assert len(shop.ship.lines["large.log"]) == 30
    assert shop.aws.waiting() == (0, 0, 0)


def test_a_test_event_and_a_removed_object_are_nothing_to_do(shop: Shop) -> None:
    shop.aws.send({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"})
    shop.aws.send({"Records": [{"eventName": "ObjectRemoved:Delete", "s3": {}}]})
    shop.drain()
    assert (shop.lines, shop.aws.waiting(), shop.aws.dead()) == ({}, (0, 0, 0), 0)


def test_the_same_object_twice_is_shipped_twice_and_done(shop: Shop) -> None:
    """What SQS delivers again the shipper's checkpoint tells apart, not the worker."""
    record = shop.aws.store("a.log", LINES)
    shop.aws.send({"Records": [record]})
    shop.aws.send({"Records": [record]})
    shop.drain()
    assert shop.ship.begun == {"a.log": 2}
    assert shop.aws.waiting() == (0, 0, 0)


def test_no_more_messages_are_taken_than_there_are_threads(shop: Shop) -> None:
    for number in range(6):
        shop.aws.put(f"{number}.log", b"line\n" * 10)
    shop.ship.seconds_a_line = 0.1
    with shop.running(concurrency=2):
        until(lambda: shop.ship.at_work == 2, "both threads work")
        assert shop.aws.waiting() == (4, 2, 0)
    assert shop.ship.at_work_max == 2


def test_a_poison_object_is_parked_at_once_with_its_reason_and_blocks_nobody(shop: Shop) -> None:
    gone = shop.aws.store("gone.log", LINES)
    shop.aws.s3.delete_object(Bucket=shop.aws.bucket, Key="gone.log")
    shop.aws.send({"Records": [gone]})
    shop.aws.send({"Records": [shop.aws.store("fine.log", LINES)]})
    shop.drain()
    assert shop.lines == {"fine.log": [b"one", b"two", b"three"]}
    assert shop.dead_letters() == [("S3 answered NoSuchKey", f"s3://{shop.aws.bucket}/gone.log", "1", json.dumps({"Records": [gone]}))]
    assert shop.aws.waiting() == (0, 0, 0)
    assert shop.notes == [f"s3://{shop.aws.bucket}/gone.log: S3 answered NoSuchKey; parked in the dead-letter queue after try 1"]


@pytest.mark.parametrize("body", ["no JSON", '{"hello": 1}'])
def test_a_message_that_is_none_is_parked_as_it_came(shop: Shop, body: str) -> None:
    shop.aws.send(body)
    shop.drain()
    [(reason, name, attempts, parked)] = shop.dead_letters()
    assert (name, attempts, parked) == (None, "1", body)
    assert "understood is an S3 notification" in reason
    assert shop.notes[0].startswith("a message: ")


def test_one_bad_record_of_ten_is_parked_alone_and_nine_are_shipped_once(shop: Shop) -> None:
    records: list[Any] = [shop.aws.store(f"{number}.log", LINES) for number in range(9)]
    records.insert(4, {"eventName": "ObjectCreated:Put", "s3": {"bucket": {}}})
    shop.aws.send({"Records": records})
    shop.drain()
    assert shop.ship.begun == {f"{number}.log": 1 for number in range(9)}
    [(reason, name, _, parked)] = shop.dead_letters()
    assert 'a record whose "s3" is a JSON object with bucket' in reason
    assert (name, json.loads(parked)) == (None, {"Records": [records[4]]})
    assert shop.aws.waiting() == (0, 0, 0)


def test_one_object_of_several_that_fails_for_now_comes_back_alone(shop: Shop) -> None:
    shop.ship.faults["1.log"] = raising(SourceError("S3 answered SlowDown"))
    shop.aws.send({"Records": [shop.aws.store(f"{number}.log", LINES) for number in range(3)]})
    shop.drain()
    assert shop.ship.begun == {"0.log": 1, "1.log": 1, "2.log": 1}
    assert shop.aws.waiting() == (0, 0, 1)
    assert shop.notes == [f"s3://{shop.aws.bucket}/1.log: S3 answered SlowDown; try 1 failed, the next is in 60 s"]


def test_what_fails_for_now_is_hidden_for_longer_each_time_and_parked_after_the_last_try(shop: Shop) -> None:
    shop.aws.put("slow.log", LINES)
    shop.ship.faults["slow.log"] = raising(SourceError("S3 answered SlowDown"))
    client = shop.aws.sqs
    hidden: list[int] = []

    class Watched:
        """The client, with every wait cut short."""

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def change_message_visibility(self, **call: Any) -> Any:
            hidden.append(call["VisibilityTimeout"])
            return client.change_message_visibility(**{**call, "VisibilityTimeout": 0})

    shop.drain(Watched())
    assert hidden == [60, 120]
    assert shop.ship.begun == {"slow.log": 3}
    assert shop.failures == 3
    [(reason, name, attempts, _)] = shop.dead_letters()
    assert (reason, name, attempts) == ("S3 answered SlowDown", f"s3://{shop.aws.bucket}/slow.log", "3")


def test_a_wait_grows_to_a_quarter_of_an_hour_at_most(shop: Shop) -> None:
    shop.aws.set_redrive({"deadLetterTargetArn": arn_of(shop.aws.queue_name.replace("queue", "dead")), "maxReceiveCount": 1000})
    shop.aws.put("slow.log", LINES)
    shop.ship.faults["slow.log"] = raising(SourceError("S3 answered SlowDown"))
    for _ in range(20):
        [message] = shop.aws.take()
        shop.aws.sqs.change_message_visibility(QueueUrl=shop.aws.queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    shop.drain()
    assert shop.notes[0].endswith("try 21 failed, the next is in 900 s")


def test_a_fault_of_the_program_counts_as_a_try_of_that_object_alone(shop: Shop) -> None:
    shop.aws.put("odd.log", LINES)
    shop.aws.put("fine.log", LINES)
    shop.ship.faults["odd.log"] = raising(ZeroDivisionError("division by zero"))
    shop.drain()
    assert shop.lines == {"fine.log": [b"one", b"two", b"three"]}
    assert "a fault of the program: ZeroDivisionError: division by zero; try 1 failed" in shop.notes[0]
    assert shop.aws.waiting() == (0, 1, 0)


def test_an_object_that_fails_half_way_goes_on_from_there(shop: Shop) -> None:
    shop.aws.put("a.log", LINES)
    shop.ship.line_faults[b"two"] = raising(SourceError("the connection broke"))
    shop.drain()
    assert shop.aws.waiting() == (0, 0, 1)
    shop.ship.line_faults.clear()
    [message] = take_delayed(shop.aws)
    assert json.loads(message)["Records"][0]["xrayGrafana"] == {"offset": 8, "backfill": False}
    shop.aws.send(message)
    shop.drain()
    assert shop.lines == {"a.log": [b"one", b"two", b"three"]}


def take_delayed(aws: Aws) -> list[str]:
    """The bodies of delayed messages, which SQS itself shows to nobody."""
    queue = sqs_backends[ACCOUNT][REGION].queues[aws.queue_name]
    delayed = [message for message in queue._messages if message.delayed]
    queue._messages.clear()
    return [message.body for message in delayed]


def test_what_fails_for_good_half_way_is_parked_with_where_it_was(shop: Shop) -> None:
    shop.aws.put("a.log", LINES)
    shop.ship.line_faults[b"one"] = raising(SourceError("written anew", permanent=True))
    shop.drain()
    [(reason, _, _, body)] = shop.dead_letters()
    assert (reason, json.loads(body)["Records"][0]["xrayGrafana"]["offset"]) == ("written anew", 4)


def test_a_damaged_object_is_shipped_once_and_parked_so_that_somebody_looks(shop: Shop) -> None:
    shop.ship.damage["cut.log"] = "its gzip data is damaged: it ends in the middle"
    shop.aws.put("cut.log", LINES)

    shop.drain()
    shop.drain()

    [(reason, name, attempts, body)] = shop.dead_letters()
    assert reason == "its gzip data is damaged: it ends in the middle; the lines in front of that are shipped"
    assert (name, attempts) == (f"s3://{shop.aws.bucket}/cut.log", "1")
    assert json.loads(body)["Records"][0]["xrayGrafana"]["offset"] == len(LINES)
    assert (shop.lines, shop.failures) == ({"cut.log": [b"one", b"two", b"three"]}, 0)


TOO_OLD = Refusal("too_old", 2, "entry has timestamp too old: 2026-09-01")
REFUSED = "2 of 3 lines were refused by Loki: too_old: entry has timestamp too old: 2026-09-01"


def test_an_object_of_which_loki_refused_lines_is_parked_so_that_it_can_be_shipped_again_whole(shop: Shop) -> None:
    shop.ship.refusals["old.log"] = (Refusal("too_long", 1, "longer than 262,144 bytes"), TOO_OLD)
    shop.aws.send(object_body(ObjectRef(shop.aws.bucket, "old.log", offset=4)) if shop.aws.store("old.log", b"far" + b"\n" + LINES) else "")

    shop.drain()
    shop.drain()

    [(reason, name, attempts, body)] = shop.dead_letters()
    assert (reason, name, attempts) == (REFUSED, f"s3://{shop.aws.bucket}/old.log", "1")
    assert json.loads(body)["Records"][0]["xrayGrafana"]["offset"] == 4
    assert (shop.lines, shop.failures) == ({"old.log": [b"one", b"two", b"three"]}, 0)
    assert shop.aws.waiting() == (0, 0, 0)


def test_lines_that_are_too_long_for_loki_are_no_reason_to_park_an_object(shop: Shop) -> None:
    shop.ship.refusals["a.log"] = (Refusal("too_long", 1, "longer than 262,144 bytes"),)
    shop.aws.put("a.log", LINES)
    shop.drain()
    assert (shop.aws.waiting(), shop.aws.dead(), shop.notes) == ((0, 0, 0), 0, [])


def test_of_a_damaged_object_with_refused_lines_both_is_told_in_one_letter(shop: Shop) -> None:
    shop.ship.damage["cut.log"] = "it ends in the middle"
    shop.ship.refusals["cut.log"] = (Refusal("labels", 1, "duplicate label name"), TOO_OLD)
    shop.aws.put("cut.log", LINES)
    shop.drain()
    [(reason, _, _, body)] = shop.dead_letters()
    told = "3 of 3 lines were refused by Loki: too_old: entry has timestamp too old: 2026-09-01"
    assert reason == f"it ends in the middle; the lines in front of that are shipped; {told}"
    assert json.loads(body)["Records"][0]["xrayGrafana"]["offset"] == 0


def test_what_was_refused_before_an_object_failed_is_parked_and_its_rest_goes_on(shop: Shop) -> None:
    shop.ship.refusals["a.log"] = (Refusal("too_old", 1, "too old"),)
    shop.ship.line_faults[b"two"] = raising(SourceError("the connection broke"))
    shop.aws.put("a.log", LINES)
    shop.drain()
    [(reason, _, _, body)] = shop.dead_letters()
    assert (reason, json.loads(body)["Records"][0]["xrayGrafana"]["offset"]) == ("1 of 2 lines were refused by Loki: too_old: too old", 0)
    [rest] = take_delayed(shop.aws)
    assert json.loads(rest)["Records"][0]["xrayGrafana"]["offset"] == 8
    assert shop.failures == 1


def test_refused_lines_without_a_dead_letter_queue_are_told_and_not_shipped_again(shop: Shop) -> None:
    shop.aws.set_redrive(None)
    shop.ship.refusals["old.log"] = (TOO_OLD,)
    name = shop.aws.put("old.log", LINES)
    shop.drain()
    assert (shop.ship.begun, shop.aws.waiting(), shop.failures) == ({"old.log": 1}, (0, 0, 0), 0)
    assert shop.notes == [f"{name}: {REFUSED}; it could not be parked"]


def test_a_message_that_came_back_from_the_dead_letter_queue_is_worked_on(shop: Shop) -> None:
    shop.aws.send(shop.aws.store("a.log", LINES) and object_body(ObjectRef(shop.aws.bucket, "a.log", offset=4, backfill=True)))
    shop.drain()
    assert shop.lines == {"a.log": [b"two", b"three"]}
    assert shop.ship.refs[0].backfill


@pytest.mark.parametrize("policy", [None, {"deadLetterTargetArn": arn_of("not-there"), "maxReceiveCount": 1}])
def test_without_a_dead_letter_queue_a_message_is_left_to_sqs_and_the_reason_told(shop: Shop, policy: dict[str, Any] | None) -> None:
    if policy is None:
        shop.aws.set_redrive(None)
    shop.aws.send("no JSON")
    client = shop.aws.sqs

    class Changed:
        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def get_queue_attributes(self, **call: Any) -> Any:
            answer = client.get_queue_attributes(**call)
            return {"Attributes": {"RedrivePolicy": json.dumps(policy)}} if policy else answer

    shop.drain(Changed())
    assert shop.aws.waiting() == (0, 1, 0)
    assert any("not JSON" in note and "the next is in 60 s" in note for note in shop.notes)
    assert (policy is None) == (not any("dead-letter queue of the queue" in note for note in shop.notes))


def test_a_message_in_work_stays_hidden_however_long_it_takes(shop: Shop) -> None:
    shop.aws.put("a.log", b"line\n" * 40)
    shop.ship.seconds_a_line = 0.1
    shop.drain(visibility_seconds=1)
    assert shop.ship.begun == {"a.log": 1}
    assert shop.aws.waiting() == (0, 0, 0)


def test_a_message_whose_worker_died_comes_back(shop: Shop) -> None:
    """SQS's redelivery, as after a kill: taken by one that is gone, and again by the worker."""
    shop.aws.put("a.log", LINES)
    shop.aws.sqs.receive_message(QueueUrl=shop.aws.queue_url, VisibilityTimeout=1)
    shop.drain(poll_seconds=2)
    assert shop.lines == {"a.log": [b"one", b"two", b"three"]}


def test_a_large_object_goes_on_in_a_message_of_its_own_after_each_slice(shop: Shop) -> None:
    shop.aws.put("large.log", b"".join(b"%d\n" % number for number in range(100)))
    shop.ship.seconds_a_line = 0.02
    shop.drain(slice_seconds=0.5)
    assert shop.lines == {"large.log": [b"%d" % number for number in range(100)]}
    assert shop.ship.begun["large.log"] > 2
    assert [each.finished for each in shop.outcomes] == [False] * (len(shop.outcomes) - 1) + [True]
    assert shop.aws.waiting() == (0, 0, 0)


class Mute:
    """A client that may not send."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def send_message(self, **call: Any) -> Any:
        return self._client.send_message(**{**call, "QueueUrl": call["QueueUrl"] + "-that-is-not-there"})


def test_a_worker_that_may_not_send_works_on_a_large_object_to_its_end(shop: Shop) -> None:
    shop.aws.put("large.log", b"line\n" * 50)
    shop.ship.seconds_a_line = 0.02
    shop.drain(Mute(shop.aws.sqs), slice_seconds=0.3)
    assert len(shop.ship.lines["large.log"]) == 50
    assert shop.aws.waiting() == (0, 0, 0)
    assert "cannot send to the queue" in shop.notes[0]


def test_a_worker_that_may_not_send_gives_an_unfinished_object_back_when_it_ends(shop: Shop) -> None:
    shop.aws.put("large.log", b"line\n" * 500)
    shop.ship.seconds_a_line = 0.02
    with shop.running(client=Mute(shop.aws.sqs)):
        until(lambda: len(shop.ship.lines["large.log"]) > 3, "work has begun")
    assert shop.aws.waiting() == (1, 0, 0)


def test_told_to_end_a_worker_hands_over_what_is_in_hand_and_keeps_nothing_hidden(shop: Shop) -> None:
    for name in ("a.log", "b.log"):
        shop.aws.put(name, b"".join(b"%d\n" % number for number in range(200)))
    shop.ship.seconds_a_line = 0.02
    with shop.running(concurrency=2):
        until(lambda: all(len(shop.ship.lines[name]) > 5 for name in ("a.log", "b.log")), "both are in work")
    assert shop.aws.waiting() == (2, 0, 0)
    shop.stop.clear()
    shop.ship.seconds_a_line = 0
    shop.drain()
    assert shop.lines == {name: [b"%d" % number for number in range(200)] for name in ("a.log", "b.log")}


def test_a_wait_for_loki_that_the_end_broke_off_is_no_failure(shop: Shop) -> None:
    shop.aws.put("a.log", LINES)

    def end() -> None:
        shop.stop.set()
        raise LokiError("stopped while waiting for Loki", stopped=True)

    shop.ship.line_faults[b"one"] = end
    shop.drain()
    [message] = shop.aws.take()
    assert json.loads(message["Body"])["Records"][0]["xrayGrafana"]["offset"] == 4
    assert shop.notes == []


def test_records_that_were_not_begun_go_on_alone_when_the_worker_ends(shop: Shop) -> None:
    records = [shop.aws.store(f"{number}.log", LINES) for number in range(3)]
    shop.aws.send({"Records": records})
    shop.ship.line_faults[b"three"] = shop.stop.set
    shop.drain()
    assert shop.ship.begun == {"0.log": 1}
    keys = {json.loads(each["Body"])["Records"][0]["s3"]["object"]["key"] for each in shop.aws.take()}
    assert keys == {"1.log", "2.log"}


@pytest.mark.parametrize("body", ["no JSON", None])
def test_messages_that_come_when_the_worker_is_ending_are_sent_anew_as_they_came(shop: Shop, body: str | None) -> None:
    """Not given back: the tries of a message are for its objects."""
    client = shop.aws.sqs

    class Late:
        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def receive_message(self, **call: Any) -> Any:
            answer = client.receive_message(**call)
            shop.stop.set()
            return answer

    body = body or json.dumps({"Records": [shop.aws.store("a.log", LINES)]})
    shop.aws.send(body)
    shop.worker(Late()).run()
    assert (shop.lines, shop.aws.waiting()) == ({}, (1, 0, 0))
    [message] = shop.aws.take()
    assert (message["Body"], message["Attributes"]["ApproximateReceiveCount"]) == (body, "1")


def test_a_loki_that_refuses_everything_ends_the_worker_and_costs_no_tries(shop: Shop) -> None:
    for number in range(4):
        shop.aws.put(f"{number}.log", LINES)
        shop.ship.faults[f"{number}.log"] = raising(LokiError("Loki answered 401: no org id", permanent=True))
    with pytest.raises(LokiError, match="401"):
        shop.worker().run()
    assert shop.aws.waiting() == (4, 0, 0)
    assert {each["Attributes"]["ApproximateReceiveCount"] for each in shop.aws.take()} == {"1"}


def test_a_loki_that_does_not_come_back_is_waited_for_long(shop: Shop) -> None:
    shop.aws.put("a.log", LINES)
    shop.ship.faults["a.log"] = raising(LokiError("gave up after 600 s"))
    shop.drain()
    assert shop.notes == [f"s3://{shop.aws.bucket}/a.log: gave up after 600 s; try 1 failed, the next is in 900 s"]
    assert shop.aws.waiting() == (0, 1, 0)


@pytest.mark.parametrize("is_policy_readable", [True, False])
def test_an_outage_of_loki_parks_nothing_however_long_it_lasts(shop: Shop, is_policy_readable: object) -> None:
    """With its tries used up a message is sent anew, and has all of them again."""
    client = shop.aws.sqs

    class Impatient:
        """The client, with every wait for a message that comes back cut short."""

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def change_message_visibility(self, **call: Any) -> Any:
            return client.change_message_visibility(**{**call, "VisibilityTimeout": 0})

        def get_queue_attributes(self, **call: Any) -> Any:
            return client.get_queue_attributes(**{**call, "QueueUrl": call["QueueUrl"] + ("" if is_policy_readable else "-not")})

    shop.aws.put("a.log", LINES)
    shop.ship.faults["a.log"] = raising(LokiError("gave up after 600 s"))
    shop.drain(Impatient())
    tries = 3 if is_policy_readable else 1
    assert (shop.ship.begun, shop.failures, shop.aws.dead()) == ({"a.log": tries}, tries, 0)
    assert shop.aws.waiting() == (0, 0, 1)
    assert shop.notes[-1].endswith(f"try {tries} failed, the next is in 900 s")
    [message] = take_delayed(shop.aws)
    shop.aws.send(message)
    [again] = shop.aws.take()
    assert again["Attributes"]["ApproximateReceiveCount"] == "1"


def test_an_outage_of_loki_leaves_a_message_to_sqs_where_nothing_can_be_sent(shop: Shop) -> None:
    shop.aws.set_redrive({"deadLetterTargetArn": arn_of(shop.aws.queue_name.replace("queue", "dead")), "maxReceiveCount": 1})
    shop.aws.put("a.log", LINES)
    shop.ship.faults["a.log"] = raising(LokiError("gave up after 600 s"))
    shop.drain(Mute(shop.aws.sqs))
    assert (shop.aws.waiting(), shop.aws.dead()) == ((0, 1, 0), 0)


def test_a_checkpoint_that_cannot_be_used_any_more_ends_the_worker_and_nothing_is_parked(shop: Shop) -> None:
    shop.aws.send({"Records": [shop.aws.store(f"{number}.log", LINES) for number in range(3)]})
    shop.ship.faults["1.log"] = raising(UsageError("cannot be used as a checkpoint: disk I/O error"))
    with pytest.raises(UsageError, match="disk I/O error"):
        shop.worker().run()
    assert (shop.lines, shop.failures, shop.aws.dead()) == ({"0.log": [b"one", b"two", b"three"]}, 0, 0)
    keys = {json.loads(each["Body"])["Records"][0]["s3"]["object"]["key"] for each in shop.aws.take()}
    assert keys == {"1.log", "2.log"}


def test_a_fault_of_the_program_beside_an_object_hides_the_message_for_a_minute_and_is_told(shop: Shop) -> None:
    client = shop.aws.sqs
    hidden: list[int] = []

    class Odd:
        """Its redrive policy is none, and it notes how long messages are hidden."""

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def get_queue_attributes(self, **_: Any) -> Any:
            return {"Attributes": {"RedrivePolicy": "no JSON"}}

        def change_message_visibility(self, **call: Any) -> Any:
            hidden.append(call["VisibilityTimeout"])
            return client.change_message_visibility(**call)

    shop.aws.send("no JSON either")
    shop.drain(Odd())
    assert (hidden, shop.aws.waiting()) == ([60], (0, 1, 0))
    [note] = shop.notes
    assert note.startswith("a message: a fault of the program: JSONDecodeError: ")
    assert note.endswith("; it comes back in 60 s")
    assert shop.failures == 2  # the message that is none, and the fault


def test_a_heartbeat_goes_on_after_a_fault_of_the_program(shop: Shop) -> None:
    client = shop.aws.sqs
    beats = iter([True])

    class Odd:
        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def change_message_visibility(self, **call: Any) -> Any:
            if next(beats, False):
                raise ValueError("odd answer")
            return client.change_message_visibility(**call)

    shop.aws.put("a.log", b"line\n" * 30)
    shop.ship.seconds_a_line = 0.1
    shop.drain(Odd(), visibility_seconds=2)
    assert shop.ship.begun == {"a.log": 1}
    assert shop.notes == ["a fault of the program: ValueError: odd answer; the message may be taken by another worker"]
    assert (shop.failures, shop.aws.waiting()) == (1, (0, 0, 0))


def test_a_queue_that_is_not_there_ends_the_worker_with_what_to_do(shop: Shop) -> None:
    shop = replace(shop, aws=replace(shop.aws, queue_url=shop.aws.queue_url + "-not"))
    with pytest.raises(SourceError, match="NonExistentQueue") as refused:
        shop.worker().run()
    assert "see that the URL is the queue's" in str(refused.value)


def test_an_sqs_that_cannot_be_reached_is_told_once_and_tried_again(shop: Shop) -> None:
    shop.aws.put("a.log", LINES)
    client = shop.aws.sqs
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = sqs_without_retries(f"http://127.0.0.1:{closed.getsockname()[1]}")
        calls = iter([nowhere, nowhere])

        class Flaky:
            def __getattr__(self, name: str) -> Any:
                return getattr(client, name)

            def receive_message(self, **call: Any) -> Any:
                return next(calls, client).receive_message(**call)

        shop.drain(Flaky())
    assert shop.lines == {"a.log": [b"one", b"two", b"three"]}
    first, second = shop.notes
    assert "cannot take messages from the queue: Could not connect" in first
    assert first.endswith("; trying again")
    assert second == "SQS answers again"


def sqs_without_retries(url: str) -> Any:
    return boto3.session.Session().client("sqs", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))


@pytest.mark.parametrize("name", ["delete_message", "change_message_visibility"])
def test_a_call_that_fails_after_the_work_leaves_the_message_to_sqs(shop: Shop, name: str) -> None:
    client = shop.aws.sqs

    class Broken:
        def __getattr__(self, asked: str) -> Any:
            return getattr(client, asked)

    def broken(**call: Any) -> Any:
        return getattr(client, name)(**{**call, "QueueUrl": call["QueueUrl"] + "-not"})

    setattr(Broken, name, staticmethod(broken))
    shop.aws.put("a.log", b"line\n" * 20)
    shop.ship.seconds_a_line = 0.05
    if name == "change_message_visibility":
        shop.ship.line_faults[b"line"] = raising(SourceError("later"))
        shop.ship.faults["a.log"] = raising(SourceError("later"))
    shop.drain(Broken())
    assert shop.aws.waiting() == (0, 1, 0)
    assert any("NonExistentQueue" in note for note in shop.notes)


def test_a_heartbeat_that_fails_is_told(shop: Shop) -> None:
    client = shop.aws.sqs

    class Broken:
        def __getattr__(self, asked: str) -> Any:
            return getattr(client, asked)

        def change_message_visibility(self, **call: Any) -> Any:
            return client.change_message_visibility(**{**call, "QueueUrl": call["QueueUrl"] + "-not"})

    shop.aws.put("a.log", b"line\n" * 20)
    shop.ship.seconds_a_line = 0.05
    shop.drain(Broken(), visibility_seconds=2)
    assert any(note.endswith("; the message may be taken by another worker") for note in shop.notes)


def test_a_message_that_is_done_while_the_heartbeat_is_busy_is_not_hidden_again(shop: Shop) -> None:
    client = shop.aws.sqs
    busy, hidden = threading.Event(), list[str]()

    class Slow:
        def __getattr__(self, asked: str) -> Any:
            return getattr(client, asked)

        def change_message_visibility(self, **call: Any) -> Any:
            hidden.append(call["ReceiptHandle"])
            busy.set()
            until(lambda: len(shop.outcomes) == 1, "the other message is done")
            time.sleep(0.3)
            return client.change_message_visibility(**call)

    def wait(_: ObjectRef) -> None:
        busy.wait(10)

    def wait_longer(_: ObjectRef) -> None:
        until(lambda: len(shop.outcomes) == 1, "the other message is done")
        time.sleep(0.6)

    shop.aws.put("first.log", LINES)
    shop.ship.faults = {"first.log": wait_longer, "second.log": wait}
    with shop.running(client=Slow(), visibility_seconds=3):
        until(lambda: shop.ship.begun["first.log"], "the first is in work")
        shop.aws.put("second.log", LINES)
        until(lambda: len(shop.outcomes) == 2, "both are done")
        until(lambda: shop.aws.waiting() == (0, 0, 0), "both are deleted")
    assert len(hidden) == 1


def test_a_redrive_policy_that_cannot_be_read_counts_as_none(shop: Shop) -> None:
    client = shop.aws.sqs

    class Closed:
        def __getattr__(self, asked: str) -> Any:
            return getattr(client, asked)

        def get_queue_attributes(self, **call: Any) -> Any:
            return client.get_queue_attributes(**{**call, "QueueUrl": call["QueueUrl"] + "-not"})

    shop.aws.put("slow.log", LINES)
    shop.ship.faults["slow.log"] = raising(SourceError("S3 answered SlowDown"))
    shop.drain(Closed())
    assert "cannot read the redrive policy of the queue" in shop.notes[0]
    assert shop.notes[1].endswith("try 1 failed, the next is in 60 s")
    assert shop.aws.waiting() == (0, 1, 0)


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OutputError("cannot be written: No space left on device")])
def test_what_cannot_be_reported_is_shipped_all_the_same_and_not_again(shop: Shop, error: Exception) -> None:
    name = shop.aws.put("a.log", LINES)
    shop.drain(report=raising(error))
    assert shop.ship.begun == {"a.log": 1}
    assert shop.notes == [f"{name}: worked on, but that could not be reported: {error}"]
    assert shop.aws.waiting() == (0, 0, 0)
