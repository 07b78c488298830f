"""What filter expressions find, on two traces made by hand.

SLOW: client → shop (root, 3 s, 500) → cart (2 s, fault) → orders (an inferred table, 0.5 s, throttled);
      shop → pay.example.com (0.25 s, ok).
OPEN: only a root that goes on, without a user, annotations or an answer yet.
"""

from __future__ import annotations

import pytest

from tests.sandbox.made_facts import CART, PROVIDER, SHOP, TABLE, edge, trace, visit
from xray_grafana.sandbox.facts.facts import (
    Annotation,
    Cause,
    CauseEntity,
    CauseException,
    CauseService,
    Http,
    Node,
    TraceFacts,
    User,
    dump,
    load,
)
from xray_grafana.sandbox.facts.match import GROUPS_DEEP, GroupLookup, matches
from xray_grafana.xray.expression import parse_filter
from xray_grafana.xray.expression.parse import DEPTH_MAX

CLIENT = Node("shop", "client")


def step(name: str, *exceptions: tuple[str, str], coverage: float | None = None, remote: bool = False) -> CauseEntity:
    return CauseEntity(name, tuple(CauseException(*each) for each in exceptions), coverage, remote)


def stage(name: str, kind: str, *steps: CauseEntity) -> CauseService:
    return CauseService(name, kind, None, inferred=False, entities=steps)


FAULTS = Cause(
    (
        stage("shop", "AWS::ECS::Container", step("shop"), step("cart", remote=True)),
        stage("cart", "", step("cart", ("KeyError", "no such item"), ("HTTPError", "timeout"))),
    ),
    client_impacting=True,
)
DELAYS = Cause(
    (
        stage("shop", "AWS::ECS::Container", step("shop", coverage=1.0)),
        stage("cart", "AWS::EC2::Instance", step("cart", coverage=0.75, remote=True)),
    ),
    client_impacting=True,
)
SLOW = trace(
    [
        visit(SHOP, 3.0, "fault", root=True)._replace(
            http=Http("https://shop.example.com/pay?x=1", "POST", 500, "curl/8.5", "192.0.2.17"), operation="POST /pay"
        ),
        visit(CLIENT, 3.0, None, role="client"),
        visit(CART, 2.0, "fault", start=0.5)._replace(http=Http("http://cart/items", "GET", 503, None, None)),
        visit(TABLE, 0.5, "throttle", role="inferred", start=1.0),
        visit(PROVIDER, 0.25, "ok", role="inferred", start=2.5),
    ],
    [edge(1, 0, 3.0, "fault"), edge(0, 2, 2.125, "fault"), edge(2, 3, 0.5, "throttle"), edge(0, 4, 0.25, "ok")],
)._replace(
    duration=3.5,
    annotations=(
        Annotation("tenant", "blue", 0),
        Annotation("tenant", "green", 2),
        Annotation("retries", 3, 2),
        Annotation("share", 0.5, 2),
        Annotation("beta", value=False, visit=0),
        Annotation("vip", value=True, visit=0),
        Annotation("order.id", "A-17", 0),
    ),
    users=(User("ann", 0), User("bob", 2)),
    zones=("eu-west-1a", "eu-west-1b"),
    instance_ids=("i-0123",),
    resource_arns=("arn:aws:ecs:eu-west-1:111122223333:cluster/shop",),
    fault_causes=(FAULTS,),
    response_time_causes=(DELAYS,),
)
OPEN = trace([visit(Node("job"), None, root=True)], [])


def found(text: str, facts: TraceFacts, groups: GroupLookup | None = None) -> bool:
    """Through `dump` and `load`, as searches get their facts."""
    return matches(parse_filter(text), load(dump(facts)), groups or {})


@pytest.mark.parametrize(
    "text",
    [
        # the root's outcome, request and time; the whole trace's duration
        "fault",
        "fault = true",
        "fault != false",
        "!ok",
        "ok = false",
        "!error",
        "error = false",
        "!throttle",
        "throttle != true",
        "!partial",
        "partial = false",
        "inferred",
        "responsetime = 3",
        "responsetime > 2.9 responsetime < 3.1",
        "duration = 3.5",
        "duration >= 3.5 AND duration <= 3.5",
        "duration != 3",
        "http.status = 500",
        "http.status >= 500",
        "http.status != 200",
        'http.url CONTAINS "/pay"',
        'http.url BEGINSWITH "https://shop"',
        'http.url ENDSWITH "x=1"',
        'http.method = "POST"',
        'http.method != "GET"',
        'http.useragent CONTAINS "curl"',
        'http.clientip = "192.0.2.17"',
        "http.url AND http.status AND duration",
        # any segment's
        "user",
        'user = "bob"',
        'user != "bob"',
        'user CONTAINS ""',
        'availabilityzone = "eu-west-1b"',
        'instance.id BEGINSWITH "i-"',
        'resource.arn CONTAINS ":cluster/"',
        'annotation.tenant = "green"',
        'annotation.tenant = "blue"',
        'annotation.tenant != "blue"',
        'annotation.tenant BEGINSWITH "gr"',
        'annotation.tenant ENDSWITH "ue"',
        "annotation.tenant",
        "annotation.retries > 2",
        "annotation.retries = 3.0",
        "annotation.retries <= 3",
        "annotation.retries != 4",
        "annotation.share >= 0.5",
        "annotation.beta = false",
        "annotation.beta != true",
        "!annotation.beta",
        "annotation.vip",
        "annotation.vip = true",
        'annotation[order.id] BEGINSWITH "A-"',
        # words together
        "ok OR fault",
        "ok AND ok OR fault",
        "fault AND (ok OR http.status = 500)",
        "!(ok OR partial)",
        # services
        'service("cart")',
        'service("shop")',
        '!service("cache")',
        "service()",
        "service() { fault }",
        "service() { throttle }",
        "service() { ok }",
        'service("shop") { root AND fault }',
        'service("cart") { !root }',
        'service("cart") { responsetime = 2 AND duration = 2 }',
        'service("cart") { http.status = 503 AND http.url CONTAINS "/items" }',
        'service("cart") { annotation.tenant = "green" }',
        'service("cart") { user = "bob" }',
        'service("cart") { !annotation.vip }',
        'service("cart") { !partial }',
        'service("orders") { inferred AND throttle AND !error }',
        'service(id(name: "orders", type: "AWS::DynamoDB::Table")) { responsetime >= 0.5 }',
        'service(id(type: "AWS::DynamoDB::Table"))',
        'service() { name BEGINSWITH "pay." AND type = "remote" }',
        'service(id(name: "shop", type: "client"))',
        # the client in front of the root has its call's numbers
        'service(id(type: "client")) { fault AND responsetime = 3 AND !ok }',
        # calls
        'edge("shop", "cart")',
        'edge("shop", "cart") { fault AND responsetime = 2.125 AND duration > 2 }',
        'edge("cart", "orders") { throttle AND !error AND !fault }',
        'edge("shop", "pay.example.com") { ok }',
        'edge("shop", id(type: "remote")) { responsetime < 0.5 AND !partial }',
        'edge(id(type: "client"), "shop")',
        # root causes; positions count from 0
        'rootcause.fault.service { name = "cart" AND last AND index = 1 }',
        'rootcause.fault.service { name = "shop" AND first AND !last }',
        'rootcause.fault.service { type = "AWS::ECS::Container" AND !inferred }',
        'rootcause.fault.entity { name = "cart" AND remote AND index = 1 }',
        'rootcause.fault.entity { name = "cart" AND first AND last AND !remote }',
        'rootcause.fault.exception { message CONTAINS "timeout" AND index = 1 }',
        'rootcause.fault.exception { name = "KeyError" AND first }',
        "rootcause.responsetime.entity { remote AND coverage > 0.5 }",
        "rootcause.responsetime.entity { coverage = 1 }",
        "rootcause.responsetime.service { last }",
        'rootcause.json = #[{"Services":[{"Name":"shop"},{"Name":"cart"}]}]',
        'rootcause.json = #[{"Services":[{"Name":"cart"}]}]',
        'rootcause.json = #[{"Services":[{"Name":"cart","EntityPath":[{"Name":"cart","Exceptions":[{"Message":"timeout"}]}]}]}]',
        'rootcause.json = #[{"ClientImpacting":true}]',
        'rootcause.json = #[{"Services":[{"Name":"shop"}]},{"Services":[{"EntityPath":[{"Coverage":0.75}]}]}]',
        "rootcause.json = #[]",
        'rootcause.json != #[{"Services":[{"Name":"cart"},{"Name":"shop"}]}]',
    ],
)
def test_the_slow_trace_is_found(text: str) -> None:
    assert found(text, SLOW)


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "!fault",
        "fault = false",
        "error",  # of no root: a throttled call behind it sets nothing
        "throttle",
        "partial",
        "!inferred",
        "responsetime > 3",
        "duration < 3.5",
        "duration != 3.5",
        "http.status < 500",
        'http.url CONTAINS "/cart"',
        'http.url CONTAINS "/PAY"',
        'http.method = "post"',
        'user = "carol"',
        'user BEGINSWITH "nn"',
        'availabilityzone = "eu-west-1c"',
        'annotation.tenant = "red"',
        "annotation.Tenant",
        "annotation.beta",
        "!annotation.vip",
        "annotation.retries > 3",
        'annotation[order.id] ENDSWITH "A-"',
        # another type than the value's
        'duration = "slow"',
        'duration != "slow"',
        "http.url = 5",
        "http.url != 5",
        'http.status != "500"',
        'fault = "true"',
        "fault != 0",
        "annotation.vip = 1",
        'annotation.retries = "3"',
        "annotation.tenant > 1",
        "annotation.tenant != 5",
        'annotation.retries CONTAINS "3"',
        # what is not there
        'annotation.absent != "x"',
        "annotation.absent",
        # words together
        "fault AND ok",
        "ok OR error OR partial",
        "(ok OR fault) AND error",
        "!(fault AND !ok)",
        # services and calls
        'service("car")',
        '!service("cart")',
        'service("cart") { root }',
        'service("cart") { ok }',
        'service("cart") { user = "ann" }',
        'service("cart") { annotation.tenant = "blue" }',
        'service("shop") { http.status = 503 }',
        "service() { fault AND throttle }",
        'service("cart") { inferred }',
        'service(id(name: "shop", type: "client")) { root }',
        'service(id(type: "client")) { ok }',
        'service(id(account.id: "111122223333"))',
        'edge("cart", "shop")',
        'edge("shop", "orders")',
        'edge("shop", "cart") { ok }',
        'edge("shop", "cart") { responsetime = 2 }',
        # root causes
        'rootcause.fault.service { name = "shop" AND last }',
        "rootcause.fault.service { index = 2 }",
        'rootcause.fault.service { name = "cart" AND type }',
        "rootcause.error.service { first OR last }",
        "rootcause.fault.service { inferred }",
        'rootcause.fault.exception { name = "KeyError" AND last }',
        "rootcause.responsetime.exception { first }",
        "rootcause.responsetime.entity { coverage > 1 }",
        'rootcause.json = #[{"Services":[{"Name":"cart"},{"Name":"shop"}]}]',
        'rootcause.json = #[{"Services":[{"Nome":"cart"}]}]',
        'rootcause.json = #[{"Services":"cart"}]',
        'rootcause.json = #[["cart"]]',
        'rootcause.json = #[{"Services":{"Name":"cart"}}]',
        'rootcause.json = #[{"ClientImpacting":1}]',
        'rootcause.json = #["shop"]',
        'rootcause.json != #[{"Services":[{"Name":"shop"},{"Name":"cart"}]}]',
    ],
)
def test_the_slow_trace_is_not_found(text: str) -> None:
    assert not found(text, SLOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # nothing is known of its outcome, though none of its flags is set
        ("ok", False),
        ("ok = false", False),
        ("!ok", True),
        ("fault", False),
        ("fault = false", True),
        ("partial", False),
        ("duration", False),
        ("duration >= 0", False),
        ("duration != 1", False),
        ("!(duration >= 0)", True),
        ("responsetime", False),
        ("http.status != 200", False),
        ("!http.url", True),
        ("user", False),
        ('user CONTAINS ""', False),
        ("inferred", False),
        ('service("job") { root }', True),
        ('service("job") { ok }', False),
        ('service("job") { duration }', False),
        ('service("job") { type }', False),
        ('service("job") { type != "AWS::EC2::Instance" }', False),
        ('edge("job", "job")', False),
        # no root cause: neither this one nor another
        ("rootcause.json = #[]", False),
        ("rootcause.json != #[]", False),
    ],
)
def test_a_comparison_with_what_is_not_known_yet_holds_for_nothing(text: str, *, expected: bool) -> None:
    assert found(text, OPEN) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("partial", True),
        ("fault", False),
        ("fault = false", False),
        ("!fault", True),
        ("http.status", False),
        ('service("cart") { fault }', True),
        ('service("cart") { partial }', True),
        ('service("cart") { root }', False),
        ("duration = 2", True),
        ("responsetime", False),
    ],
)
def test_a_trace_without_a_root_has_neither_outcome_nor_request(text: str, *, expected: bool) -> None:
    partial = trace([visit(CART, 2.0, "fault")._replace(http=Http(status=503))], [])
    assert found(text, partial) is expected


def test_one_passage_must_meet_the_whole_condition() -> None:
    twice = trace([visit(SHOP, 3.0, root=True), visit(CART, 0.5, "fault"), visit(CART, 2.0, "ok")], [edge(0, 1, 0.5), edge(0, 2, 2.0)])
    assert found('service("cart") { fault } AND service("cart") { responsetime > 1 }', twice)
    assert not found('service("cart") { fault AND responsetime > 1 }', twice)


def test_a_client_without_a_call_has_no_numbers() -> None:
    lonely = trace([visit(SHOP, 3.0, root=True), visit(CLIENT, None, role="client")], [])
    assert not found('service(id(type: "client")) { ok OR responsetime }', lonely)


def test_accounts_tell_nodes_apart() -> None:
    abroad = trace([visit(Node("shop", None, "111122223333"), 1.0, root=True)], [])
    assert found('service(id(account.id: "111122223333", name: "shop")) { ok }', abroad)
    assert not found('service(id(account.id: "444455556666"))', abroad)


GROUPS = {
    "Default": None,
    "faults": parse_filter("fault"),
    "arn:aws:xray:r:a:group/faults/X": parse_filter("fault"),
    "fine": parse_filter("ok OR partial"),
    "outer": parse_filter('group.name = "faults" AND user = "ann"'),
    "ring": parse_filter('group.name = "gnir"'),
    "gnir": parse_filter('group.name = "ring" OR http.status = 500'),
    "self": parse_filter('!group.name = "self"'),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('group.name = "faults"', True),
        ('group.name != "faults"', False),
        ('group.arn = "arn:aws:xray:r:a:group/faults/X"', True),
        ('group.name = "fine"', False),
        ('group.name != "fine"', True),
        ('group.name = "Default"', True),
        ('group.name != "Default"', False),
        ('group.name = "outer"', True),
        ('group.name = "faults" AND user = "nobody"', False),
        # not there: neither in it nor outside
        ('group.name = "absent"', False),
        ('group.name != "absent"', False),
        # in a ring a group is not there for itself: only what else is asked counts
        ('group.name = "ring"', True),
        ('group.name = "self"', True),
    ],
)
def test_groups_stand_for_their_own_expressions(text: str, *, expected: bool) -> None:
    assert found(text, SLOW, GROUPS) is expected


def test_groups_of_groups_end_at_a_depth() -> None:
    groups = {f"g{number}": parse_filter(f'group.name = "g{number - 1}"') for number in range(1, 9)} | {"g0": parse_filter("fault")}
    assert found(f'group.name = "g{GROUPS_DEEP - 1}"', SLOW, groups)
    assert not found(f'group.name = "g{GROUPS_DEEP}"', SLOW, groups)


def test_the_deepest_expressions_in_the_deepest_groups_are_evaluated() -> None:
    """Each level an OR of an AND: two nodes of the tree."""
    levels = DEPTH_MAX - 1
    deep = "(ok OR fault AND " * levels + "{}" + ")" * levels
    groups = {f"g{number}": parse_filter(deep.format(f'group.name = "g{number - 1}"')) for number in range(1, GROUPS_DEEP)}
    groups["g0"] = parse_filter(deep.format("fault"))
    assert found(f'group.name = "g{GROUPS_DEEP - 1}"', SLOW, groups)
