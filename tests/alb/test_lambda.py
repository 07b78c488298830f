from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.alb.aws import Aws, arn_of
from tests.alb.lines import KEY, access_lines
from tests.alb.stand_in import StandIn
from tests.push.loki_fake import LokiFake
from tests.push.loki_store import NO_LIMITS
from xray_grafana.alb import lambda_handler
from xray_grafana.alb.function import Function, function_from
from xray_grafana.alb.ship import Outcome
from xray_grafana.errors import LokiError, SourceError, UsageError
from xray_grafana.push.refusals import Refusal

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[2]
LINES = b"one\ntwo\nthree\n"


@dataclass(frozen=True)
class Time:
    """Lambda's context with so many seconds left, as seen at the start."""

    seconds: float = 60.0

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@dataclass
class Watched:
    """SQS's client, whose calls with their arguments are noted; the forbidden ones go to a queue that is not there."""

    client: Any
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if not callable(found):
            return found

        def call(**arguments: Any) -> Any:
            self.calls.append((name, arguments))
            return found(**{**arguments, "QueueUrl": arguments["QueueUrl"] + ("-not" if name in self.forbidden else "")})

        return call


@dataclass
class Cloud:
    """A function with what it ships and says, and the queue that feeds it."""

    aws: Aws
    ship: StandIn
    notes: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[None] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    sqs: Watched = field(init=False)
    function: Function = field(init=False)

    def __post_init__(self) -> None:
        self.sqs = Watched(self.aws.sqs)
        self.function = Function(
            self.ship,
            lambda: self.sqs,
            stop=self.stop,
            report=self.outcomes.append,
            failed=lambda: self.failures.append(None),
            note=self.notes.append,
        )

    def calls(self, name: str) -> list[dict[str, Any]]:
        """What the function asked SQS for by calls of this name."""
        return [arguments for called, arguments in self.sqs.calls if called == name]

    def from_queue(self, seconds: float = 60.0) -> list[str]:
        """Has Lambda take every message of the queue; deletes, as Lambda does, what the function does not name. Returns what it names."""
        taken = self.aws.take()
        records = [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
                "eventSource": "aws:sqs",
                "eventSourceARN": arn_of(self.aws.queue_name),
            }
            for each in taken
        ]
        answer = self.function({"Records": records}, Time(seconds))
        assert answer is not None
        assert set(answer) == {"batchItemFailures"}
        failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
        for each in taken:
            if each["MessageId"] not in failed:
                self.aws.sqs.delete_message(QueueUrl=self.aws.queue_url, ReceiptHandle=each["ReceiptHandle"])
        return failed


@pytest.fixture
def cloud(aws: Aws) -> Cloud:
    return Cloud(aws, StandIn(aws.s3))


def raising(error: Exception) -> Callable[..., None]:
    def fault(*_: object) -> None:
        raise error

    return fault


def test_messages_that_are_done_are_not_named(cloud: Cloud) -> None:
    for number in range(3):
        cloud.aws.put(f"{number}.log", LINES)
    assert cloud.from_queue() == []
    assert dict(cloud.ship.lines) == {f"{number}.log": [b"one", b"two", b"three"] for number in range(3)}
    assert cloud.aws.waiting() == (0, 0, 0)


def test_only_the_message_that_failed_is_named_and_comes_back_after_a_minute(cloud: Cloud) -> None:
    for number in range(3):
        cloud.aws.put(f"{number}.log", LINES)
    cloud.ship.faults["1.log"] = raising(SourceError("S3 answered SlowDown"))
    assert len(cloud.from_queue()) == 1
    assert set(cloud.ship.lines) == {"0.log", "2.log"}
    assert (cloud.aws.waiting(), len(cloud.failures)) == ((0, 1, 0), 1)
    assert cloud.notes == [f"s3://{cloud.aws.bucket}/1.log: S3 answered SlowDown; try 1 failed, the next is in 60 s"]


def test_a_poison_message_is_parked_with_its_reason_and_not_named(cloud: Cloud) -> None:
    cloud.aws.send("no JSON")
    assert cloud.from_queue() == []
    [letter] = cloud.aws.take(cloud.aws.dead_url)
    assert letter["Body"] == "no JSON"
    assert letter["MessageAttributes"]["reason"]["StringValue"].startswith("the message is not JSON")


def test_the_queue_is_asked_for_its_redrive_policy_once(cloud: Cloud) -> None:
    asked: list[str] = []
    cloud.aws.sqs.meta.events.register("before-call.sqs.GetQueueAttributes", lambda **_: asked.append("redrive"))
    for _ in range(3):
        cloud.aws.send("no JSON")
    asked.clear()
    cloud.from_queue()
    assert asked == ["redrive"]


def test_a_queue_that_may_not_be_asked_is_left_to_its_own_redrive(cloud: Cloud) -> None:
    cloud.aws.send("no JSON")
    message = {"messageId": "m1", "receiptHandle": "r1", "body": "no JSON", "attributes": {"ApproximateReceiveCount": "9"}}
    record = {**message, "eventSource": "aws:sqs", "eventSourceARN": arn_of("not-there")}
    assert cloud.function({"Records": [record]}, Time()) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert any("cannot read the redrive policy of the queue" in note for note in cloud.notes)
    assert any("cannot change the visibility" in note for note in cloud.notes)


def test_a_loki_that_refuses_everything_leaves_the_messages_to_sqs(cloud: Cloud) -> None:
    cloud.aws.put("a.log", LINES)
    cloud.ship.faults["a.log"] = raising(LokiError("Loki refused: 401", permanent=True))
    assert len(cloud.from_queue()) == 1
    assert cloud.aws.waiting() == (0, 1, 0)


def gone(stop: threading.Event) -> Callable[..., None]:
    """Loki, away until the time is over."""

    def wait(*_: object) -> None:
        assert stop.wait(10)
        raise LokiError("stopped while waiting for Loki", stopped=True)

    return wait


def test_while_loki_is_away_what_could_not_be_shipped_waits_for_five_minutes(cloud: Cloud) -> None:
    """Else the queue would have the function run without a pause."""
    for number in range(3):
        cloud.aws.put(f"{number}.log", LINES)
        cloud.ship.faults[f"{number}.log"] = gone(cloud.stop)
    assert cloud.from_queue(seconds=1) == []
    assert sum(cloud.ship.begun.values()) == 1
    assert (cloud.aws.waiting(), cloud.failures, cloud.notes) == ((0, 0, 3), [], [])
    assert [call["DelaySeconds"] for call in cloud.calls("send_message")] == [300, 300, 300]


def test_a_function_that_may_not_send_has_messages_wait_for_loki_all_the_same(cloud: Cloud) -> None:
    cloud.aws.put("a.log", LINES)
    cloud.ship.faults["a.log"] = gone(cloud.stop)
    cloud.sqs.forbidden.add("send_message")
    assert len(cloud.from_queue(seconds=1)) == 1
    assert cloud.aws.waiting() == (0, 1, 0)
    assert [call["VisibilityTimeout"] for call in cloud.calls("change_message_visibility")] == [300]


def test_an_outage_that_began_when_something_was_shipped_costs_no_wait_yet(cloud: Cloud) -> None:
    cloud.aws.send({"Records": [cloud.aws.store("a.log", LINES)]})
    cloud.ship.line_faults[b"one"] = gone(cloud.stop)
    assert cloud.from_queue(seconds=1) == []
    [message] = cloud.aws.take()
    assert json.loads(message["Body"])["Records"][0]["xrayGrafana"]["offset"] == 4


def test_each_message_is_deleted_as_soon_as_it_is_done(cloud: Cloud) -> None:
    """A function that is killed has not answered, and what it did would come back."""
    for number in range(2):
        cloud.aws.put(f"{number}.log", LINES)
    in_work: list[int] = []
    for number in range(2):
        cloud.ship.faults[f"{number}.log"] = lambda _: in_work.append(cloud.aws.waiting()[1])
    assert cloud.from_queue() == []
    assert in_work == [2, 1]
    assert cloud.aws.waiting() == (0, 0, 0)


def test_a_message_that_cannot_be_deleted_is_done_all_the_same(cloud: Cloud) -> None:
    cloud.aws.put("a.log", LINES)
    cloud.sqs.forbidden.add("delete_message")
    assert cloud.from_queue() == []
    assert len(cloud.calls("delete_message")) == 1
    assert (dict(cloud.ship.lines), cloud.notes) == ({"a.log": [b"one", b"two", b"three"]}, [])


@pytest.mark.parametrize(("seconds", "worked_seconds"), [(300, 255), (135, 90), (60, 40)])
def test_a_function_keeps_time_for_what_is_under_way(cloud: Cloud, seconds: float, worked_seconds: float) -> None:
    """45 s for a push and a read at their longest; a third of the time if that is less."""
    cloud.aws.put("a.log", LINES)
    timers = list[float]()
    cloud.ship.faults["a.log"] = lambda _: timers.extend(
        each.interval for each in threading.enumerate() if isinstance(each, threading.Timer)
    )
    cloud.from_queue(seconds)
    assert timers == [worked_seconds]


def test_when_the_time_is_over_the_rest_goes_on_in_new_messages(cloud: Cloud) -> None:
    """No try is used up: what could not be begun would else be parked by bad luck alone."""
    for number in range(3):
        cloud.aws.put(f"{number}.log", b"".join(b"%d\n" % line for line in range(100)))
    cloud.ship.seconds_a_line = 0.02
    assert cloud.from_queue(seconds=1.5) == []
    assert sum(cloud.ship.begun.values()) == 1
    assert [outcome.finished for outcome in cloud.outcomes] == [False]
    assert cloud.aws.waiting() == (3, 0, 0)
    cloud.ship.seconds_a_line = 0
    assert cloud.from_queue() == []
    assert dict(cloud.ship.lines) == {f"{number}.log": [b"%d" % line for line in range(100)] for number in range(3)}


def test_the_time_of_one_invocation_does_not_end_the_next(cloud: Cloud) -> None:
    cloud.stop.set()
    cloud.aws.put("a.log", LINES)
    assert cloud.from_queue() == []
    assert dict(cloud.ship.lines) == {"a.log": [b"one", b"two", b"three"]}
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_a_function_with_little_time_uses_most_of_it(cloud: Cloud) -> None:
    """With less than the reserve of 45 s nothing would ever be begun."""
    cloud.aws.put("a.log", b"line\n" * 20)
    cloud.ship.seconds_a_line = 0.02
    begun = time.monotonic()
    assert cloud.from_queue(seconds=3) == []
    assert len(cloud.ship.lines["a.log"]) == 20
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("wrap", ["s3", "sns", "event_bridge"])
def test_events_that_come_directly_are_shipped(cloud: Cloud, wrap: str) -> None:
    notification = {"Records": [cloud.aws.store("a+b.log", LINES)]}
    notification["Records"][0]["s3"]["object"]["key"] = "a%2Bb.log"
    event: object = {
        "s3": notification,
        "sns": {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(notification)}}]},
        "event_bridge": {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": cloud.aws.bucket}, "object": {"key": "a+b.log"}},
        },
    }[wrap]
    assert cloud.function(event, Time()) is None
    assert dict(cloud.ship.lines) == {"a+b.log": [b"one", b"two", b"three"]}


def test_a_direct_event_fails_after_all_its_records_were_tried(cloud: Cloud) -> None:
    records: list[Any] = [cloud.aws.store(f"{number}.log", LINES) for number in range(4)]
    for number in (0, 1, 3):
        cloud.ship.faults[f"{number}.log"] = raising(SourceError(f"fault {number}") if number else KeyError("odd"))
    records.append({"odd": 1})
    with pytest.raises(SourceError) as failed:
        cloud.function({"Records": records}, Time())
    assert set(cloud.ship.lines) == {"2.log"}
    bucket = cloud.aws.bucket
    assert str(failed.value) == (
        f"4 of 5 objects not shipped: s3://{bucket}/0.log: a fault of the program: KeyError: 'odd'; s3://{bucket}/1.log: fault 1; "
        f"s3://{bucket}/3.log: fault 3 and 1 more"
    )


def test_a_direct_event_of_what_no_try_can_mend_is_told_and_counted_and_not_tried_again(cloud: Cloud) -> None:
    records = [cloud.aws.store(name, LINES) for name in ("cut.log", "fine.log", "old.log")]
    cloud.ship.damage["cut.log"] = "it ends in the middle"
    cloud.ship.refusals["old.log"] = (Refusal("too_old", 3, "too\nold"),)
    assert cloud.function({"Records": records}, Time()) is None
    bucket = cloud.aws.bucket
    end = "it is not tried again, which would not help"
    assert cloud.notes == [
        f"s3://{bucket}/cut.log: it ends in the middle; the lines in front of that are shipped; {end}",
        f"s3://{bucket}/old.log: 3 of 3 lines were refused by Loki: too_old: too\\nold; {end}",
    ]
    assert (len(cloud.failures), len(cloud.outcomes)) == (2, 3)


def test_what_a_direct_event_had_shipped_before_it_failed_is_told(cloud: Cloud) -> None:
    record = cloud.aws.store("a.log", LINES)
    cloud.ship.line_faults[b"two"] = raising(SourceError("the connection broke"))
    with pytest.raises(SourceError, match="the connection broke"):
        cloud.function({"Records": [record]}, Time())
    assert [(outcome.counts.shipped, outcome.finished) for outcome in cloud.outcomes] == [(2, False)]


def test_a_direct_event_that_is_none_of_the_forms_fails(cloud: Cloud) -> None:
    with pytest.raises(SourceError, match="got a JSON object with hello"):
        cloud.function({"hello": 1}, Time())


def test_a_direct_event_with_a_bad_record_alone_says_why(cloud: Cloud) -> None:
    with pytest.raises(SourceError, match="1 of 1 objects not shipped: got a record that is the JSON value 7"):
        cloud.function({"Records": [7]}, Time())


def test_a_direct_event_without_time_fails_so_that_it_is_tried_again(cloud: Cloud) -> None:
    records = [cloud.aws.store(f"{number}.log", b"line\n" * 100) for number in range(2)]
    cloud.ship.seconds_a_line = 0.02
    with pytest.raises(SourceError) as failed:
        cloud.function({"Records": records}, Time(0.6))
    text = str(failed.value)
    assert "2 of 2 objects not shipped" in text
    assert "0.log: the time ended at byte " in text
    assert "1.log: no time was left for it" in text


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_batch_operations_get_a_result_for_each_task(cloud: Cloud, version: str) -> None:
    for name in ("fine.log", "slow.log", "odd.log", "cut.log", "old.log"):
        cloud.aws.store(name, LINES)
    cloud.ship.faults["slow.log"] = raising(LokiError("gave up\n" + "x" * 2000))
    cloud.ship.faults["odd.log"] = raising(ValueError("odd"))
    cloud.ship.damage["cut.log"] = "it ends in the middle"
    cloud.ship.refusals["old.log"] = (Refusal("too_old", 3, "too old"),)
    bucket = {"s3BucketArn": f"arn:aws:s3:::{cloud.aws.bucket}"} if version == "1.0" else {"s3Bucket": cloud.aws.bucket}
    names = ["fine.log", "slow.log", "gone.log", "odd.log", "cut.log", "old.log"]
    tasks: list[Any] = [{"taskId": f"t{number}", "s3Key": name, "s3VersionId": None, **bucket} for number, name in enumerate(names)]
    tasks.append({"taskId": "t6", "s3Key": ""})
    answer = cloud.function({"invocationSchemaVersion": version, "invocationId": "i1", "job": {"id": "j1"}, "tasks": tasks}, Time())
    assert answer is not None
    results = {each["taskId"]: (each["resultCode"], each["resultString"]) for each in answer.pop("results")}
    assert answer == {"invocationSchemaVersion": version, "treatMissingKeysAs": "PermanentFailure", "invocationId": "i1"}
    assert results["t0"] == ("Succeeded", "3 lines shipped")
    assert results["t1"] == ("TemporaryFailure", "gave up\\n" + "x" * 1015)
    assert results["t2"] == ("PermanentFailure", "S3 answered NoSuchKey")
    assert results["t3"] == ("TemporaryFailure", "a fault of the program: ValueError: odd")
    assert results["t4"] == ("PermanentFailure", "it ends in the middle; the lines in front of that are shipped")
    assert results["t5"] == ("PermanentFailure", "3 of 3 lines were refused by Loki: too_old: too old")
    assert results["t6"][0] == "PermanentFailure"
    assert all(ref.backfill for ref in cloud.ship.refs)


@pytest.fixture
def settings(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[LokiFake]:
    """The environment of a function whose Loki and AWS behave."""
    with LokiFake(NO_LIMITS) as loki:
        monkeypatch.setenv("LOKI_URL", loki.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        lambda_handler._function.cache_clear()
        yield loki
        lambda_handler._CONTAINER.close()
        lambda_handler._function.cache_clear()


def test_the_handler_ships_what_a_queue_tells_and_is_made_once(aws: Aws, settings: LokiFake, capsys: pytest.CaptureFixture[str]) -> None:
    lines = list(access_lines(20))
    aws.put(KEY, gzip.compress(b"\n".join(lines)))
    [message] = aws.take()
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn_of(aws.queue_name),
    }
    assert lambda_handler.handler({"Records": [record]}, Time()) == {"batchItemFailures": []}
    assert [entry.line for entry in settings.entries({"log_type": "access"})] == lines
    out = capsys.readouterr().out
    assert out.startswith("event=object object=s3://")
    assert "shipped=20" in out
    first = lambda_handler._function()
    assert lambda_handler.handler({"Event": "s3:TestEvent"}, Time()) is None
    assert lambda_handler._function() is first


def test_a_function_that_waits_for_loki_says_so(aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    record = aws.store(KEY, b"\n".join(access_lines(2)))
    loki = LokiFake()
    with loki:
        pass
    with function_from({"LOKI_URL": loki.url}) as function, pytest.raises(SourceError, match="1 of 1 objects not shipped"):
        function({"Records": [record]}, Time(1.0))
    assert "for Loki: " in capsys.readouterr().out


def test_without_a_loki_the_handler_says_what_is_missing() -> None:
    lambda_handler._function.cache_clear()
    with pytest.raises(UsageError, match="Loki"):
        lambda_handler.handler({}, Time())


def test_importing_the_handler_needs_no_settings_and_loads_nothing_heavy() -> None:
    code = "import sys; import xray_grafana.alb.lambda_handler; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"boto3", "botocore", "numpy", "cramjam", "isal", "urllib3", "json"}
