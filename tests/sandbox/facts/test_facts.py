"""Facts as text and back."""

from __future__ import annotations

import json

from tests.sandbox.build_trace import TRACE_ID, exceptions, request, segment, subsegment
from xray_grafana.sandbox.facts.facts import (
    Annotation,
    Cause,
    CauseEntity,
    CauseException,
    CauseService,
    Edge,
    Http,
    Node,
    User,
    Visit,
    dump,
    load,
)
from xray_grafana.sandbox.facts.read import read_trace

FACTS = read_trace(
    TRACE_ID,
    [
        segment(
            "shöp",
            1,
            0,
            4,
            fault=True,
            user="ann",
            http=request(status=503),
            annotations={"tenant": "blue", "beta": True},
            aws={"ec2": {"instance_id": "i-1", "availability_zone": "eu-west-1a"}},
            subsegments=[
                subsegment("worker.local", 2, 0, 3, namespace="remote", fault=True),
                subsegment("pay.example", 4, 3, 4, namespace="remote", error=True),
            ],
        ),
        segment("worker", 3, 0, 3, parent=2, fault=True, cause=exceptions("boom")),
    ],
)


def test_what_is_loaded_is_what_was_dumped() -> None:
    assert load(dump(FACTS)) == FACTS


def test_what_is_loaded_has_names_at_every_depth() -> None:
    facts = load(dump(FACTS))
    aliased = next(edge for edge in facts.edges if edge.alias is not None)
    cause = facts.fault_causes[0]

    assert {type(each) for each in facts.visits} == {Visit}
    assert {type(each.node) for each in facts.visits} == {Node}
    assert {type(each.http) for each in facts.visits} == {Http}
    assert {type(each) for each in facts.edges} == {Edge}
    assert type(aliased.alias) is Node
    assert {type(each) for each in facts.annotations} == {Annotation}
    assert {type(each) for each in facts.users} == {User}
    assert type(cause) is Cause
    assert {type(each) for each in cause.services} == {CauseService}
    assert type(cause.services[0].entities[0]) is CauseEntity
    assert type(cause.services[1].entities[0].exceptions[0]) is CauseException


def test_what_is_loaded_can_be_a_key() -> None:
    """Lists would not be hashable: every sequence is a tuple again."""
    assert hash(load(dump(FACTS))) == hash(FACTS)


def test_the_text_is_one_line_of_json_without_spaces_and_escapes() -> None:
    text = dump(FACTS)

    assert "\n" not in text
    assert "shöp" in text
    assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
