from __future__ import annotations

import base64
import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.build_trace import TRACE_ID, segment, span_id
from xray_grafana.errors import OutputError
from xray_grafana.sandbox.intake.ingest import Ingest
from xray_grafana.sandbox.store.store import Store

HEADER = b'{"format": "json", "version": 1}\n'
NOW = 1_790_000_100.0


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store.open(None)) as opened:
        yield opened


@pytest.fixture
def ingest(store: Store) -> Iterator[Ingest]:
    with closing(Ingest(store, now=lambda: NOW)) as running:
        yield running


def text(name: str = "shop", number: int = 1, **members: Any) -> str:
    return json.dumps({**segment(name, number), **members})


def open_text(number: int = 1, **members: Any) -> str:
    return json.dumps({**segment("shop", number, end=None), **members})


def segments(store: Store) -> list[tuple[Any, ...]]:
    with store.reading() as connection:
        return connection.execute("SELECT trace_id, id, in_progress, received, document FROM segments ORDER BY id").fetchall()


def traces(store: Store) -> list[tuple[Any, ...]]:
    with store.reading() as connection:
        return connection.execute("SELECT id, received, revision, dirty FROM traces ORDER BY number").fetchall()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_document_is_stored_when_put_comes_back(store: Store, ingest: Ingest) -> None:
    assert ingest.put([text()]) == []
    assert segments(store) == [(TRACE_ID, span_id(1), 0, NOW, text())]
    assert traces(store) == [(TRACE_ID, NOW, 1, 1)]
    assert ingest.counts()[:2] == (1, 1)


def test_nothing_is_put_at_once(store: Store, ingest: Ingest) -> None:
    assert ingest.put([]) == []
    assert traces(store) == []


def test_bad_documents_are_returned_and_the_others_are_stored(store: Store, ingest: Ingest) -> None:
    rejected = ingest.put(["{", text(), text(number=2, name="")])
    assert [(each.id, each.code) for each in rejected] == [(None, "ParseError"), (span_id(2), "MissingName")]
    assert len(segments(store)) == 1
    counts = ingest.counts()
    assert (counts.segments, counts.rejected) == (1, 2)
    assert (counts.last_rejected, counts.last_rejection) == (span_id(2), "Invalid segment. ErrorCode: MissingName")
    ingest.put(["{"])
    counts = ingest.counts()
    assert (counts.last_rejected, counts.last_rejection) == ("a document without id", "Invalid segment. ErrorCode: ParseError")


def test_an_id_that_is_any_text_is_told_harmlessly(ingest: Ingest) -> None:
    ingest.put([json.dumps({"id": "\x1b[2J\nerror: none"})])
    assert ingest.counts().last_rejected == r"\x1b[2J\x0aerror: none"
    ingest.put([json.dumps({"id": "x" * 60_000})])
    assert ingest.counts().last_rejected == "x" * 40


def test_of_a_complete_segment_that_is_sent_again_the_first_one_counts(store: Store, ingest: Ingest) -> None:
    ingest.put([text("first")])
    ingest.put([text("second")], received=NOW + 5)
    assert segments(store) == [(TRACE_ID, span_id(1), 0, NOW, text("first"))]
    assert traces(store) == [(TRACE_ID, NOW + 5, 2, 1)]
    assert ingest.counts()[:2] == (2, 1)


def test_a_complete_segment_replaces_an_open_one_and_not_the_other_way_round(store: Store, ingest: Ingest) -> None:
    ingest.put([open_text()])
    assert segments(store)[0][2] == 1
    ingest.put([open_text(user="ann")])
    assert segments(store)[0][4] == open_text(user="ann")
    ingest.put([text()])
    ingest.put([open_text()])
    assert segments(store) == [(TRACE_ID, span_id(1), 0, NOW, text())]


def test_of_one_call_the_first_counts_too(store: Store, ingest: Ingest) -> None:
    ingest.put([text("a"), text("b"), open_text(), text("c", 2)])
    assert [row[4] for row in segments(store)] == [text("a"), text("c", 2)]


def test_history_may_be_put_with_its_own_times(store: Store, ingest: Ingest) -> None:
    """A trace is as new as its newest update, even when an older one comes later."""
    ingest.put([text()], received=NOW - 3600)
    ingest.put([text("cart", 2)], received=NOW - 7200)
    assert traces(store) == [(TRACE_ID, NOW - 3600, 2, 1)]


def test_more_documents_than_one_statement_takes_are_all_stored(store: Store, ingest: Ingest) -> None:
    """233 rows are two statements of 100 and one of 33."""
    ingest.put([text(number=number) for number in range(1, 234)])
    assert len(segments(store)) == 233
    assert ingest.counts()[:2] == (233, 1)


def test_many_callers_at_once_each_get_their_own_refusals(store: Store, ingest: Ingest) -> None:
    def work(caller: int) -> None:
        for each in range(10):
            number = 100 * caller + each
            (rejected,) = ingest.put([text(number=number), text(number=number, trace_id="x")])
            assert rejected.id == span_id(number)

    threads = [threading.Thread(target=work, args=(caller,)) for caller in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(segments(store)) == 80
    assert ingest.counts()[:3] == (80, 1, 80)


def test_datagrams_are_stored_without_waiting(store: Store, ingest: Ingest) -> None:
    ingest.offer([HEADER + text().encode(), HEADER + text(number=2).encode()])
    wait_until(lambda: ingest.counts().segments == 2)
    assert len(segments(store)) == 2


@pytest.mark.parametrize(
    "header",
    [
        b'{"format":"json","version":1}',
        b'{ "version" : 1 , "format" : "JSON" }',
        b'{"format":"json","version":1}\r',
        b' {"format":"json","version":1.0,"more":true} ',
    ],
)
def test_the_header_line_is_any_json_that_says_json_and_1(store: Store, ingest: Ingest, header: bytes) -> None:
    ingest.offer([header + b"\n" + text().encode() + b"\n\n"])
    wait_until(lambda: ingest.counts().segments == 1)
    assert traces(store)


@pytest.mark.parametrize(
    ("datagram", "why"),
    [
        (b"", "no line break after the header line: ''"),
        (b"{}", "no line break after the header line: '{}'"),
        (b"\n{}", 'the header line must be {"format":"json","version":1}, got: \'\''),
        (b'{"format":"json","version":2}\n{}', 'got: \'{"format":"json","version":2}\''),
        (b'{"format":"json","version":true}\n{}', "the header line must be"),
        (b'{"format":"xml","version":1}\n{}', "the header line must be"),
        (b"[]\n{}", "the header line must be"),
        (b"\xff\xfe\n{}", "got: '\\xff\\xfe'"),
        (b"[" * 60_000 + b"\n{}", f"got: '{'[' * 60}'…"),
        (text().encode() + b"\n", "the header line must be"),
        (HEADER + b"T1S!!", "the OTLP request is no base64"),
        (HEADER + b"T1S" + base64.b64encode(b"\xff\xff\xff"), "no ExportTraceServiceRequest"),
    ],
)
def test_a_bad_datagram_is_counted_and_told(ingest: Ingest, datagram: bytes, why: str) -> None:
    ingest.offer([datagram, HEADER + text().encode()])
    wait_until(lambda: ingest.counts().segments == 1)
    counts = ingest.counts()
    assert counts.datagrams_bad == 1
    assert counts.last_bad is not None
    assert why in counts.last_bad


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"5", b'{"name":"\xc3\x28"}'])
def test_a_datagram_with_a_bad_document_is_a_rejected_document(ingest: Ingest, body: bytes) -> None:
    ingest.offer([HEADER + body, HEADER + text().encode()])
    wait_until(lambda: ingest.counts().segments == 1)
    assert (ingest.counts().rejected, ingest.counts().datagrams_bad) == (1, 0)
    assert "ParseError" in str(ingest.counts().last_rejection)


def test_closing_stores_what_was_taken_and_then_takes_no_more(store: Store) -> None:
    ingest = Ingest(store)
    ingest.offer([HEADER + text(number=number).encode() for number in range(1, 501)])
    ingest.close()
    assert len(segments(store)) == 500
    with pytest.raises(OutputError, match="stopping"):
        ingest.put([text()])
    ingest.offer([HEADER])
    counts = ingest.counts()
    assert (counts.datagrams_lost, counts.last_loss) == (1, "the sandbox is stopping")


class Odd(bytes):
    """A datagram that nobody has thought of."""

    def partition(self, sep: object, /) -> tuple[bytes, bytes, bytes]:
        raise ZeroDivisionError(f"no {sep!r}")


def test_a_datagram_that_nobody_has_thought_of_is_lost_alone(ingest: Ingest) -> None:
    ingest.offer([HEADER + text().encode(), Odd(b"x"), HEADER + text(number=2).encode()])
    wait_until(lambda: ingest.counts().segments == 2)
    assert ingest.put([text(number=3)]) == []
    counts = ingest.counts()
    assert counts[:5] == (3, 1, 0, 0, 1)
    assert counts.last_loss == "a fault of the sandbox: ZeroDivisionError: no b'\\n'"


def test_when_the_queue_is_full_datagrams_are_lost_and_callers_wait(store: Store, ingest: Ingest) -> None:
    """5,000 datagrams of 60,000 bytes are 300 MB, more than the queue's 256 MiB; the same bytes 5,000 times take no room here."""
    large = HEADER + b"x" * 60_000
    with store.writing():
        ingest.offer([b"bad", HEADER + text().encode()])
        wait_until(lambda: ingest.counts().datagrams_bad == 1)  # the writer has them, and will wait for this thread
        ingest.offer([large] * 5_000)
        ingest.offer([large] * 7)
        assert ingest.counts().datagrams_lost == 7
        caller = threading.Thread(target=ingest.put, args=([text(number=2)],))
        caller.start()
        caller.join(0.05)
        assert caller.is_alive()
    caller.join()
    assert [row[1] for row in segments(store)] == [span_id(1), span_id(2)]
    assert ingest.counts().last_loss == "they came faster than they could be stored"


def test_what_never_came_this_far_is_counted(ingest: Ingest) -> None:
    ingest.lose(3)
    ingest.lose(2)
    counts = ingest.counts()
    assert (counts.datagrams_lost, counts.last_loss) == (5, "they came faster than they could be taken")


def test_a_full_disk_is_told_to_the_caller_and_datagrams_are_counted_once(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path / "x.db")) as store:
        with store.writing() as connection:
            connection.execute("PRAGMA max_page_count = 60")
        with closing(Ingest(store)) as ingest:
            big = [text(number=number, user="x" * 5_000) for number in range(1, 101)]
            with pytest.raises(OutputError, match="the disk is full"):
                ingest.put(big)
            ingest.offer([b"bad", HEADER + b"{", *(HEADER + each.encode() for each in big)])
            wait_until(lambda: ingest.counts().datagrams_lost > 0)
            counts = ingest.counts()
            assert (counts.segments, counts.rejected, counts.datagrams_bad, counts.datagrams_lost) == (0, 1, 1, 100)
            assert "the disk is full" in str(counts.last_loss)
            assert "\n" not in str(counts.last_loss)
            assert ingest.put([text()]) == []
            assert ingest.counts().segments == 1
        assert len(segments(store)) == 1


def test_callers_of_one_batch_that_fails_each_raise_an_error_of_their_own(tmp_path: Path) -> None:
    """Both wait behind a datagram that the writer has, and so come into one transaction; what they bring is too much for the file."""
    raised: list[OutputError] = []

    def call(ingest: Ingest, first: int) -> None:
        with pytest.raises(OutputError, match="the disk is full") as caught:
            ingest.put(["{", *(text(number=number, user="x" * 5_000) for number in range(first, first + 100))])
        raised.append(caught.value)

    with closing(Store.open(tmp_path / "x.db")) as store:
        with store.writing() as connection:
            connection.execute("PRAGMA max_page_count = 60")
        with closing(Ingest(store)) as ingest:
            callers = [threading.Thread(target=call, args=(ingest, first)) for first in (100, 300)]
            with store.writing():
                ingest.offer([b"bad", HEADER + text().encode()])
                wait_until(lambda: ingest.counts().datagrams_bad == 1)
                for caller in callers:
                    caller.start()
                wait_until(lambda: ingest.counts().rejected == 2)  # counted when they join the queue
            for caller in callers:
                caller.join()
    first, second = raised
    assert first is not second
    assert first.__cause__ is second.__cause__ is not None
    assert (first.hint, first.where) == (second.hint, second.where)


def test_opentelemetrys_messages_are_loaded_only_for_a_datagram_with_them() -> None:
    code = f"""
import sys
from xray_grafana.sandbox.intake.datagrams import documents_of
documents_of({HEADER + b"{}"!r})
print("google.protobuf" in sys.modules)
documents_of({HEADER + b"T1S"!r})
print("google.protobuf" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert done.stdout.split() == ["False", "True"]


KILLED = """
import json, sys
from pathlib import Path
from tests.sandbox.build_trace import segment
from xray_grafana.sandbox.intake.ingest import Ingest
from xray_grafana.sandbox.store.store import Store
ingest = Ingest(Store.open(Path(sys.argv[1])))
for first in range(1, 10**9, 50):
    ingest.put([json.dumps(segment("shop", first + each, user="x" * 500)) for each in range(50)])
    print(first + 49, flush=True)
"""


def test_killed_while_it_stores_the_file_is_readable_and_has_all_that_was_confirmed(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    confirmed = 0
    for calls in (1, 7, 20):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
        ) as process:
            assert process.stdout is not None
            for _ in range(calls):
                confirmed = max(confirmed, int(process.stdout.readline()))
            process.kill()
            process.wait()
        with closing(Store.open(path)) as store:
            found = {row[1] for row in segments(store)}
        assert {span_id(number) for number in range(1, confirmed + 1)} <= found
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
