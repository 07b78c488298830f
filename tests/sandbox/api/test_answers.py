from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import pytest

from tests.sandbox.made_facts import context_of
from xray_grafana.sandbox.api.answers import Answer, Answers, Request
from xray_grafana.sandbox.store.store import Store

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Bench:
    """The API over an empty store; `settled` and `notes` are what was asked and told."""

    def __init__(self, store: Store) -> None:
        self.settled: list[float] = []
        self.notes: list[str] = []
        self._answers = Answers(context_of(store, 0.0), self._settle, lambda: "welcome", self.notes.append)

    def answer(self, path: str, body: bytes = b"", headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        return self._answers.answer(Request("POST", path, headers, body))

    def ask(self, path: str, body: bytes = b"") -> tuple[int, str | None]:
        answer = self.answer(path, body)
        return answer.status, answer.error

    def _settle(self, seconds: float) -> bool:
        self.settled.append(seconds)
        return True


@pytest.fixture
def bench() -> Iterator[Bench]:
    store = Store.open(None)
    yield Bench(store)
    store.close()


@pytest.mark.parametrize("path", ["/GetGroup", "/TagResource", "/ListTagsForResource", "/Groups"])
@pytest.mark.parametrize("half", [b"\xed\xa0\x80", b"\\ud800"])
def test_half_of_a_surrogate_pair_is_no_character(bench: Bench, path: str, half: bytes) -> None:
    body = b'{"GroupName":"' + half + b'","ResourceARN":"' + half + b'","Tags":[]}'
    assert bench.ask(path, body) == (400, "SerializationException")
    assert bench.notes == []


@pytest.mark.parametrize("body", [b'{"GroupName":"Default"}', b'\xef\xbb\xbf{"GroupName":"Default"}', b'{"GroupName":"Def\\u0061ult"}'])
def test_a_body_may_begin_with_a_byte_order_mark_and_have_escapes(bench: Bench, body: bytes) -> None:
    assert bench.ask("/GetGroup", body) == (200, None)


def test_only_what_reads_waits_for_what_was_put(bench: Bench) -> None:
    bench.ask("/TraceSegments", b'{"TraceSegmentDocuments":[]}')
    bench.ask("/TagResource")
    assert bench.settled == []
    bench.ask("/Groups")
    assert len(bench.settled) == 1


def test_an_encoding_that_is_not_known_is_refused_with_those_that_are(bench: Bench) -> None:
    answer = bench.answer("/v1/traces", b"{}", {"content-type": "application/json", "content-encoding": "br"})
    assert (answer.status, answer.error) == (400, "SerializationException")
    assert json.loads(answer.body) == {"message": "the content encoding br is not known — expected gzip, deflate or none"}


def test_the_messages_of_opentelemetry_are_loaded_by_the_first_request_that_has_some() -> None:
    code = "import sys, xray_grafana.sandbox.server; print([each for each in sys.modules if each.startswith(('google.', 'opentelemetry'))])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"
