"""What expressions mean, as trees written by hand from the grammar."""

import pytest

from xray_grafana.sandbox.facts.facts import Node
from xray_grafana.xray.expression import NodeId, parse_filter, parse_selector
from xray_grafana.xray.expression.tree import (
    And,
    AnnotationTest,
    CausePath,
    CauseSelect,
    EdgeSelect,
    Expression,
    FieldTest,
    InGroup,
    JsonList,
    JsonObject,
    Not,
    Or,
    Selector,
    ServiceSelect,
)

OK = FieldTest("ok")
FAULT = FieldTest("fault")
ERROR = FieldTest("error")
THROTTLE = FieldTest("throttle")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ok", OK),
        ("  \t\r\n ok \n", OK),
        ("OK", OK),
        ("!ok", Not(OK)),
        ("! ok", Not(OK)),
        ("!!ok", Not(Not(OK))),
        ("fault = true", FieldTest("fault", "=", value=True)),
        ("fault = TRUE", FieldTest("fault", "=", value=True)),
        ("fault=false", FieldTest("fault", "=", value=False)),
        ("fault != false", FieldTest("fault", "!=", value=False)),
        ("partial", FieldTest("partial")),
        ("inferred", FieldTest("inferred")),
        # numbers
        ("duration = 5", FieldTest("duration", "=", 5)),
        ("duration != 5.25", FieldTest("duration", "!=", 5.25)),
        ("responsetime < 1", FieldTest("responsetime", "<", 1)),
        ("responsetime <= 1.0", FieldTest("responsetime", "<=", 1.0)),
        ("responsetime>0.001", FieldTest("responsetime", ">", 0.001)),
        ("http.status >= 500", FieldTest("http.status", ">=", 500)),
        ("HTTP.Status >= 500", FieldTest("http.status", ">=", 500)),
        ("annotation.celsius > -40", AnnotationTest("celsius", ">", -40)),
        ("annotation.big = 1234567890123456789", AnnotationTest("big", "=", 1234567890123456789.0)),
        ("duration", FieldTest("duration")),
        # strings
        ('http.url CONTAINS "/pay"', FieldTest("http.url", "contains", "/pay")),
        ('http.url contains "/pay"', FieldTest("http.url", "contains", "/pay")),
        ('http.method BEGINSWITH "P"', FieldTest("http.method", "beginswith", "P")),
        ('http.clientip EndsWith ".17"', FieldTest("http.clientip", "endswith", ".17")),
        ('user CONTAINS ""', FieldTest("user", "contains", "")),
        ('http.method = "POST" http.status != 201', And((FieldTest("http.method", "=", "POST"), FieldTest("http.status", "!=", 201)))),
        ("http.useragent AND duration > 3", And((FieldTest("http.useragent"), FieldTest("duration", ">", 3)))),
        ('availabilityzone = "eu-west-1a"', FieldTest("availabilityzone", "=", "eu-west-1a")),
        ('instance.id = "i-0123"', FieldTest("instance.id", "=", "i-0123")),
        ('resource.arn CONTAINS ":cluster/"', FieldTest("resource.arn", "contains", ":cluster/")),
        (r'user = "say \"hi\""', FieldTest("user", "=", 'say "hi"')),
        (r'user = "a\\b"', FieldTest("user", "=", r"a\b")),
        (r'user = "\u00e9t\u00e9"', FieldTest("user", "=", "été")),
        (r'user = "\ud83d\ude00"', FieldTest("user", "=", "😀")),
        ('user = "été 😀"', FieldTest("user", "=", "été 😀")),
        (r'user = "tab\tnew\nline"', FieldTest("user", "=", "tab\tnew\nline")),
        ('user = "ok AND (fault) { }"', FieldTest("user", "=", "ok AND (fault) { }")),
        # a value of another type is no error
        ('duration = "slow"', FieldTest("duration", "=", "slow")),
        ("user = 5", FieldTest("user", "=", 5)),
        ('fault = "true"', FieldTest("fault", "=", "true")),
        # precedence
        ("throttle OR error", Or((THROTTLE, ERROR))),
        ("throttle or error OR fault", Or((THROTTLE, ERROR, FAULT))),
        ("duration >= 2 AND responsetime < 1", And((FieldTest("duration", ">=", 2), FieldTest("responsetime", "<", 1)))),
        ("ok AND fault OR error", Or((And((OK, FAULT)), ERROR))),
        ("ok OR fault AND error", Or((OK, And((FAULT, ERROR))))),
        ("ok OR fault error", Or((OK, And((FAULT, ERROR))))),
        ("(ok OR fault) AND error", And((Or((OK, FAULT)), ERROR))),
        ("ok (fault OR error)", And((OK, Or((FAULT, ERROR))))),
        ("((ok))", OK),
        ("!(ok OR fault)", Not(Or((OK, FAULT)))),
        ("!ok AND fault", And((Not(OK), FAULT))),
        ("ok !partial duration >= 2", And((OK, Not(FieldTest("partial")), FieldTest("duration", ">=", 2)))),
        # annotations
        ('annotation.tenant = "blue"', AnnotationTest("tenant", "=", "blue")),
        ("annotation.retries > 2", AnnotationTest("retries", ">", 2)),
        ("!annotation.beta", Not(AnnotationTest("beta"))),
        ("annotation.beta = true", AnnotationTest("beta", "=", value=True)),
        ("ANNOTATION.Tenant", AnnotationTest("Tenant")),
        ('annotation[order.id] BEGINSWITH "A-"', AnnotationTest("order.id", "beginswith", "A-")),
        ('Annotation[aws.local.service] = "web"', AnnotationTest("aws.local.service", "=", "web")),
        ("annotation[ 1st ]", AnnotationTest("1st")),
        ("annotation.1st", AnnotationTest("1st")),
        ("annotation.ok ok", And((AnnotationTest("ok"), OK))),
        (
            '(annotation.kind = "a" OR annotation.kind = "b") AND http.status = 500',
            And((Or((AnnotationTest("kind", "=", "a"), AnnotationTest("kind", "=", "b"))), FieldTest("http.status", "=", 500))),
        ),
        # services and calls
        ('service("checkout")', ServiceSelect(NodeId("checkout"))),
        ('!service("cache")', Not(ServiceSelect(NodeId("cache")))),
        ("service()", ServiceSelect(NodeId())),
        ("service() { fault }", ServiceSelect(NodeId(), FAULT)),
        ("SERVICE () {fault}", ServiceSelect(NodeId(), FAULT)),
        ('service("checkout") { root AND ok }', ServiceSelect(NodeId("checkout"), And((FieldTest("root"), OK)))),
        (
            'service(id(name: "fn", type: "AWS::Lambda::Function")) { throttle }',
            ServiceSelect(NodeId("fn", "AWS::Lambda::Function"), THROTTLE),
        ),
        (
            'service(id(type: "Database::SQL")) { responsetime > 0.2 }',
            ServiceSelect(NodeId(type="Database::SQL"), FieldTest("responsetime", ">", 0.2)),
        ),
        ('service(id(account.id: "111122223333"))', ServiceSelect(NodeId(account="111122223333"))),
        ('service(ID(account.ID:"1",name:"a"))', ServiceSelect(NodeId("a", None, "1"))),
        (
            'service("a") { name = "a" OR type = "x" }',
            ServiceSelect(NodeId("a"), Or((FieldTest("name", "=", "a"), FieldTest("type", "=", "x")))),
        ),
        ('service("a") { annotation.x }', ServiceSelect(NodeId("a"), AnnotationTest("x"))),
        ('edge("web", "checkout")', EdgeSelect(NodeId("web"), NodeId("checkout"))),
        ('edge("web", "checkout") { error OR fault }', EdgeSelect(NodeId("web"), NodeId("checkout"), Or((ERROR, FAULT)))),
        ('edge(id(name: "a"), id(type: "t")) ok', And((EdgeSelect(NodeId("a"), NodeId(type="t")), OK))),
        # root causes
        (
            'rootcause.fault.service { name CONTAINS "db" AND last }',
            CauseSelect("fault", "service", And((FieldTest("name", "contains", "db"), FieldTest("last")))),
        ),
        (
            'rootcause.fault.exception { message CONTAINS "timeout" }',
            CauseSelect("fault", "exception", FieldTest("message", "contains", "timeout")),
        ),
        (
            "rootcause.responsetime.entity { remote AND coverage > 0.5 }",
            CauseSelect("responsetime", "entity", And((FieldTest("remote"), FieldTest("coverage", ">", 0.5)))),
        ),
        (
            "rootcause.error.service { index = 0 OR first }",
            CauseSelect("error", "service", Or((FieldTest("index", "=", 0), FieldTest("first")))),
        ),
        ("RootCause.Fault.Entity { !remote }", CauseSelect("fault", "entity", Not(FieldTest("remote")))),
        (
            'rootcause.json = #[{"Services":[{"Name":"a"}]}]',
            CausePath(JsonList((JsonObject((("Services", JsonList((JsonObject((("Name", "a"),)),))),)),)), negated=False),
        ),
        ("rootcause.json != #[ ] AND ok", And((CausePath(JsonList(()), negated=True), OK))),
        ('rootcause.json = #["]", null, true, 1.5]', CausePath(JsonList(("]", None, True, 1.5)), negated=False)),
        # groups
        ('group.name = "payments" AND user = "ann"', And((InGroup("payments", negated=False), FieldTest("user", "=", "ann")))),
        ('group.arn != "arn:aws:xray:x"', InGroup("arn:aws:xray:x", negated=True)),
    ],
)
def test_a_filter_is_read_as_its_tree(text: str, expected: Expression) -> None:
    assert parse_filter(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('service("cart")', ServiceSelect(NodeId("cart"))),
        ("service()", ServiceSelect(NodeId())),
        (' service( id(name: "orders", type: "AWS::DynamoDB::Table") ) ', ServiceSelect(NodeId("orders", "AWS::DynamoDB::Table"))),
        ('edge("shop", "cart")', EdgeSelect(NodeId("shop"), NodeId("cart"))),
    ],
)
def test_a_selector_is_one_service_or_one_edge(text: str, expected: Selector) -> None:
    assert parse_selector(text) == expected


def test_whole_and_fractional_numbers_keep_their_kind() -> None:
    one, other = parse_filter("duration = 5"), parse_filter("duration = 5.0")
    assert isinstance(one, FieldTest)
    assert isinstance(other, FieldTest)
    assert isinstance(one.value, int)
    assert isinstance(other.value, float)


def test_a_node_id_leaves_open_what_it_does_not_name() -> None:
    cart = Node("cart", "AWS::EC2::Instance", None)
    assert NodeId().matches(cart)
    assert NodeId("cart").matches(cart)
    assert NodeId("cart", "AWS::EC2::Instance").matches(cart)
    assert not NodeId("car").matches(cart)
    assert not NodeId("cart", "client").matches(cart)
    assert not NodeId(account="111122223333").matches(cart)
