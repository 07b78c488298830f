"""Facts of traces for tests, made by hand, and a store that has counted them. Times are seconds after `NOON`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.facts.facts import Edge, Http, Node, Role, TraceFacts, Visit
from xray_grafana.sandbox.store import rollups
from xray_grafana.sandbox.store.rollups import Counted
from xray_grafana.sandbox.store.store import Store
from xray_grafana.xray.outcome import Outcome

# 2026-09-21 12:00:00 UTC, a whole hour and the beginning of a block of six hours.
NOON: Final = 1_789_992_000.0
SHOP: Final = Node("shop", "AWS::ECS::Container")
CART: Final = Node("cart", "AWS::EC2::Instance")
TABLE: Final = Node("orders", "AWS::DynamoDB::Table")
PROVIDER: Final = Node("pay.example.com", "remote")

_numbers = itertools.count(1)


def visit(
    node: Node,
    seconds: float | None,
    outcome: Outcome | None = "ok",
    *,
    role: Role = "service",
    root: bool = False,
    start: float = 0.0,
    operation: str | None = None,
) -> Visit:
    """A passage; `seconds` None leaves it open."""
    if seconds is None:
        outcome = None
    begin = NOON + start
    end = None if seconds is None else begin + seconds
    flags = (outcome == "fault", outcome == "error", outcome == "throttle")
    return Visit(node, role, root, outcome, *flags, seconds, begin, end, Http(), operation)


def edge(
    caller: int, callee: int, seconds: float | None, outcome: Outcome | None = "ok", *, alias: Node | None = None, linked: bool = False
) -> Edge:
    """A call."""
    if seconds is None:
        outcome = None
    return Edge(caller, callee, outcome, outcome == "fault", outcome == "error", outcome == "throttle", seconds, alias, linked)


def trace(visits: Sequence[Visit], edges: Sequence[Edge]) -> TraceFacts:
    """The facts of a trace of these."""
    root = next((number for number, each in enumerate(visits) if each.root), None)
    start = min(each.start for each in visits)
    ends = [each.end for each in visits if each.role != "client"]
    finish = None if None in ends else max(end for end in ends if end is not None)
    return TraceFacts(
        id=f"1-6ab11540-{next(_numbers):024x}",
        start=start,
        root_start=None if root is None else visits[root].start,
        duration=None if finish is None else finish - start,
        response_seconds=None if root is None else visits[root].response_seconds,
        root=root,
        partial=root is None,
        visits=tuple(visits),
        edges=tuple(edges),
        annotations=(),
        users=(),
        instance_ids=(),
        zones=(),
        resource_arns=(),
        fault_causes=(),
        error_causes=(),
        response_time_causes=(),
    )


def request(
    seconds: float = 1.0, outcome: Outcome = "ok", *, node: Node = SHOP, start: float = 0.0, operation: str | None = None
) -> TraceFacts:
    """A client asks one service, and that is all."""
    client = visit(node._replace(type="client"), seconds, None, role="client", start=start)
    return trace(
        [visit(node, seconds, outcome, root=True, start=start, operation=operation), client],
        [edge(1, 0, seconds, outcome)],
    )


def chain(outcome: Outcome = "ok", *, start: float = 0.0) -> TraceFacts:
    """A client asks the shop (2 s), the shop the cart (1.5 s as the shop sees it, 1 s as the cart does), the cart a table (0.25 s)."""
    return trace(
        [
            visit(SHOP, 2.0, outcome, root=True, start=start, operation="GET /cart/17"),
            visit(SHOP._replace(type="client"), 2.0, None, role="client", start=start),
            visit(CART, 1.0, outcome, start=start, operation="GET /items"),
            visit(TABLE, 0.25, role="inferred", start=start),
        ],
        [edge(1, 0, 2.0, outcome), edge(0, 2, 1.5, outcome, alias=Node("cart", "remote")), edge(2, 3, 0.25)],
    )


@contextmanager
def counted(traces: Iterable[tuple[float, TraceFacts, tuple[str, ...]]], *, now: float = 3600.0) -> Iterator[Context]:
    """What a handler works with: a store in memory that has counted the traces, each received at its time and of its groups."""
    store = Store.open(None)
    try:
        with store.writing() as connection:
            rollups.apply(connection, [], [Counted(facts, NOON + at, groups) for at, facts, groups in traces])
        yield context_of(store, now)
    finally:
        store.close()


def context_of(store: Store, now: float) -> Context:
    """For handlers that only read: nothing takes segments in."""
    nobody = cast("Any", None)
    return Context(store=store, ingest=nobody, sampling=nobody, region="eu-west-1", account="111122223333", now=lambda: NOON + now)


def add_group(context: Context, name: str, *, insights: bool = False, changed: float = -7200.0) -> str:
    """A group as it stands in the store; its ARN."""
    arn = f"arn:aws:xray:eu-west-1:111122223333:group/{name}/ABC"
    with context.store.writing() as connection:
        connection.execute(
            "INSERT INTO groups (name, arn, filter, insights, notifications, changed) VALUES (?, ?, 'ok', ?, 0, ?)",
            (name, arn, insights, NOON + changed),
        )
    return arn
