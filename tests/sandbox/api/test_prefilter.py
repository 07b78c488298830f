"""Narrowing a search: whatever an expression finds passes the SQL made of it, and much of what it does not find is held back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.made_facts import edge, trace, visit
from xray_grafana.sandbox.api.prefilter import TESTS_MAX, narrowing
from xray_grafana.sandbox.derivation.derive import _columns
from xray_grafana.sandbox.facts.facts import Annotation, Http, Node, TraceFacts, User, dump
from xray_grafana.sandbox.facts.match import matches
from xray_grafana.sandbox.store.schema import SCHEMA
from xray_grafana.xray.expression import parse_filter
from xray_grafana.xray.outcome import Outcome

INSERT = """
INSERT INTO traces (id, received, revision, dirty, start, finish, root_start, duration, response, status,
    fault, error, throttle, ok, partial, facts) VALUES (?, 0, 1, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
COUNT = "SELECT count(*) FROM traces WHERE"
NAMES = ["web", 'q"uote', "été", "back\\slash", "tab\there", ""]
TEXTS = [r'"web"', r'"q\"uote"', '"été"', r'"back\\slash"', r'"tab\there"', '""', '"e"', r'"\\"', r'"\t"']
SCOPED = ["ok", "fault", "!fault", "error = false", "throttle", "responsetime > 1", "duration <= 2", 'duration = "x"', "partial != true"]
REQUESTS = [
    "http.status >= 500",
    "http.status",
    "http.status != 404",
    "http.url",
    "annotation.k",
    "annotation.k = true",
    "annotation.k = 1",
]


def string_tests(texts: list[str]) -> list[str]:
    fields = ["http.url", "user", "annotation.k", "annotation[q.]"]
    signs = ["=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"]
    return [f"{field} {sign} {text}" for field in fields for sign in signs for text in texts]


OF_SERVICE = st.sampled_from([*SCOPED, *REQUESTS, *string_tests(TEXTS), "root", "inferred", *(f"name = {text}" for text in TEXTS)])
OF_EDGE = st.sampled_from(SCOPED)
OF_TRACE = st.one_of(
    st.sampled_from([*SCOPED, "fault = 1", "ok = false", "partial", 'http.status = "x"', "responsetime"]),
    st.sampled_from([*REQUESTS, *string_tests(TEXTS), 'group.name = "g"', 'group.name != "g"', "rootcause.fault.service { first }"]),
)


def combined(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map("!({})".format),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' AND '.join(parts)})"),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        ),
        max_leaves=5,
    )


IDS = st.sampled_from([*TEXTS, 'id(type: "AWS::ECS::Container")', 'id(name: "web", type: "remote")', 'id(account.id: "1")'])
SELECTS = st.one_of(
    st.builds("service({})".format, IDS),
    st.builds("service({}) {{ {} }}".format, st.one_of(IDS, st.just("")), combined(OF_SERVICE)),
    st.builds("edge({}, {})".format, IDS, IDS),
    st.builds("edge({}, {}) {{ {} }}".format, IDS, IDS, combined(OF_EDGE)),
)
EXPRESSIONS = combined(st.one_of(OF_TRACE, SELECTS))

NODES = st.builds(Node, st.sampled_from(NAMES), st.sampled_from([None, "AWS::ECS::Container", "remote"]), st.sampled_from([None, "1"]))
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(["ok", "error", "throttle", "fault"])
SECONDS = st.sampled_from([None, 0.5, 1.0, 2.0, 3.0])
VALUES: st.SearchStrategy[bool | int | float | str] = st.one_of(st.booleans(), st.sampled_from([0, 1, 1.0, 2.5]), st.sampled_from(NAMES))


@st.composite
def traces(draw: st.DrawFn) -> TraceFacts:
    visits = []
    for number in range(draw(st.integers(1, 3))):
        http = draw(st.builds(Http, st.sampled_from([None, *NAMES]), st.none(), st.sampled_from([None, 200, 404, 500])))
        one = visit(
            draw(NODES),
            draw(SECONDS),
            draw(OUTCOMES),
            root=draw(st.booleans()) and number == 0,
            role=draw(st.sampled_from(["service", "inferred"])),
        )
        visits.append(one._replace(http=http))
    edges = [edge(number, number + 1, draw(SECONDS), draw(OUTCOMES)) for number in range(len(visits) - 1)]
    numbers = st.integers(0, len(visits) - 1)
    return trace(visits, edges)._replace(
        partial=draw(st.booleans()),
        annotations=tuple(draw(st.lists(st.builds(Annotation, st.sampled_from(["k", "q."]), VALUES, numbers), max_size=2))),
        users=tuple(draw(st.lists(st.builds(User, st.sampled_from(NAMES), numbers), max_size=2))),
    )


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        yield connection


def passes(database: sqlite3.Connection, text: str, facts: TraceFacts) -> bool:
    condition, parameters = narrowing(parse_filter(text))
    database.execute("DELETE FROM traces")
    database.execute(INSERT, (facts.id, *_columns(facts), dump(facts)))
    return bool(database.execute(f"{COUNT} {condition}", parameters).fetchone()[0])


@given(EXPRESSIONS, traces())
def test_what_an_expression_finds_passes(database: sqlite3.Connection, text: str, facts: TraceFacts) -> None:
    expression = parse_filter(text)
    if matches(expression, facts, {"g": parse_filter("fault")}):
        assert passes(database, text, facts)


FAULTY = trace([visit(Node("web"), 2.0, "fault", root=True)._replace(http=Http("/pay", "GET", 500))], [])._replace(
    annotations=(Annotation("tenant", "blue", 0),), users=(User("ann", 0),)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fault", True),
        ("ok", False),
        ("!fault", False),
        ("fault = false", False),
        ("!(ok OR duration < 1)", True),
        ("!(ok OR duration > 1)", False),
        ("responsetime >= 3", False),
        ("!(responsetime < 3)", False),
        ("duration", True),
        ("!duration", False),
        ("http.status = 500", True),
        ("http.status = 404 OR http.status = 429", False),
        ('duration = "slow"', False),
        ("fault = 1", False),
        ('http.url CONTAINS "/cart"', False),
        ('user = "an"', False),  # the whole text, in quotes
        ('user CONTAINS "an"', True),
        ('annotation.tenant = "red"', False),
        ("annotation.shard", False),
        ("annotation.shard > 5", False),
        ('service("cart") { fault }', False),
        ('service("web") { user = "bob" }', False),
        ('service("web") { ok AND user = "bob" }', False),
        ('service("web") { ok OR user = "bob" }', True),
        ('edge("web", "cart")', False),
        ('ok OR service("cart")', False),
        # what SQL does not tell apart is left to `matches`
        ('!user = "ann"', True),
        ('!service("web")', True),
        ("service() { ok }", True),
        ('user CONTAINS ""', True),
        ('group.name = "g" OR ok', True),
        ("inferred", True),
    ],
)
def test_the_faulty_trace_passes_or_is_held_back(database: sqlite3.Connection, text: str, *, expected: bool) -> None:
    assert passes(database, text, FAULTY) is expected


def test_nothing_is_known_of_what_no_column_has() -> None:
    assert narrowing(parse_filter("inferred")) == ("1", ())


def test_more_tests_than_sqlite_may_nest_are_left_out(database: sqlite3.Connection) -> None:
    assert narrowing(parse_filter(" AND ".join(["ok"] * TESTS_MAX))) != ("1", ())
    assert narrowing(parse_filter(" AND ".join(["ok"] * (TESTS_MAX + 1)))) == ("1", ())
    assert not passes(database, " OR ".join(["ok"] * TESTS_MAX), FAULTY)
    assert passes(database, " ".join(["ok"] * 5_000), FAULTY)
