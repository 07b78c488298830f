"""One trace read: visits, edges, the root's numbers, what is found in any segment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.build_trace import START, TRACE_ID, Document, apart, exceptions, request, segment, span_id, subsegment
from xray_grafana.sandbox.api.summary import summary_of
from xray_grafana.sandbox.facts.facts import Annotation, Edge, Http, Node, TraceFacts, User, Visit, dump, load
from xray_grafana.sandbox.facts.read import read_trace

EC2 = "AWS::EC2::Instance"


def read(*documents: Document) -> TraceFacts:
    return read_trace(TRACE_ID, documents)


def nodes(facts: TraceFacts) -> list[tuple[str, str | None]]:
    return [(visit.node.name, visit.node.type) for visit in facts.visits]


def calls(facts: TraceFacts) -> list[tuple[str, str]]:
    """Caller and callee of each edge as `name type`."""
    names = [f"{visit.node.name} {visit.node.type}" for visit in facts.visits]
    return [(names[edge.caller], names[edge.callee]) for edge in facts.edges]


def test_one_segment_is_a_service_and_the_client_before_it() -> None:
    """4 − 0 = 4 s."""
    facts = read(segment("shop", 1, 0, 4, origin=EC2, http=request("GET", "https://shop.example/cart?a=1", 200)))
    http = Http(url="https://shop.example/cart?a=1", method="GET", status=200)

    assert facts == TraceFacts(
        id=TRACE_ID,
        start=START,
        root_start=START,
        duration=4.0,
        response_seconds=4.0,
        root=0,
        partial=False,
        visits=(
            Visit(
                node=Node("shop", EC2),
                role="service",
                root=True,
                outcome="ok",
                fault=False,
                error=False,
                throttle=False,
                response_seconds=4.0,
                start=START,
                end=START + 4,
                http=http,
                operation="GET /cart",
            ),
            Visit(
                node=Node("shop", "client"),
                role="client",
                root=False,
                outcome=None,
                fault=False,
                error=False,
                throttle=False,
                response_seconds=None,
                start=START,
                end=START + 4,
                http=Http(),
                operation=None,
            ),
        ),
        edges=(
            Edge(
                caller=1,
                callee=0,
                outcome="ok",
                fault=False,
                error=False,
                throttle=False,
                response_seconds=4.0,
                alias=None,
                linked=False,
            ),
        ),
        annotations=(),
        users=(),
        instance_ids=(),
        zones=(),
        resource_arns=(),
        fault_causes=(),
        error_causes=(),
        response_time_causes=(),
    )


def test_a_root_that_copes_with_a_503_and_a_429_is_fine() -> None:
    facts = read(
        segment(
            "shop",
            1,
            status=200,
            subsegments=[
                subsegment("cart", 2, 0.0, namespace="remote", status=503, fault=True),
                subsegment("stock", 3, 0.5, namespace="remote", status=429, error=True, throttle=True),
            ],
        )
    )
    assert facts.root is not None
    root = facts.visits[facts.root]

    assert (root.fault, root.error, root.throttle, root.outcome) == (False, False, False, "ok")
    assert [(visit.node.name, visit.outcome) for visit in facts.visits if visit.role == "inferred"] == [
        ("cart", "fault"),
        ("stock", "throttle"),
    ]
    assert [edge.outcome for edge in facts.edges] == ["ok", "fault", "throttle"]


def test_a_throttled_root_has_no_error() -> None:
    facts = read(segment("shop", 1, status=429, error=True, throttle=True))

    assert (facts.visits[0].throttle, facts.visits[0].error, facts.visits[0].outcome) == (True, False, "throttle")
    assert (facts.edges[0].throttle, facts.edges[0].error, facts.edges[0].outcome) == (True, False, "throttle")


def test_a_segment_without_an_origin_has_no_type() -> None:
    assert nodes(read(segment("shop", 1))) == [("shop", None), ("shop", "client")]


def test_the_worker_is_inferred_until_its_segment_arrives_and_then_takes_the_edge_over() -> None:
    """The edge keeps the numbers of the caller's subsegment, 0.5 to 3.5 = 3 s; the worker itself took 1 to 3 = 2 s."""
    shop = segment("shop", 1, 0, 4, origin=EC2, subsegments=[subsegment("worker.local", 2, 0.5, 3.5, namespace="remote", status=503)])
    worker = segment("worker", 3, 1, 3, parent=2, origin="AWS::ECS::Container", status=200)

    before = read(shop)
    assert nodes(before) == [("shop", EC2), ("shop", "client"), ("worker.local", "remote")]
    assert calls(before) == [("shop client", f"shop {EC2}"), (f"shop {EC2}", "worker.local remote")]
    assert (before.edges[1].outcome, before.edges[1].response_seconds, before.edges[1].alias) == ("fault", 3.0, None)
    assert before.visits[2].response_seconds == 3.0

    for after in (read(shop, worker), read(worker, shop)):
        assert nodes(after) == [("shop", EC2), ("shop", "client"), ("worker", "AWS::ECS::Container")]
        assert calls(after) == [("shop client", f"shop {EC2}"), (f"shop {EC2}", "worker AWS::ECS::Container")]
        assert (after.edges[1].outcome, after.edges[1].response_seconds) == ("fault", 3.0)
        assert after.edges[1].alias == Node("worker.local", "remote")
        assert (after.visits[2].role, after.visits[2].outcome, after.visits[2].response_seconds) == ("service", "ok", 2.0)


def test_a_callee_that_is_the_node_its_caller_names_has_no_alias() -> None:
    facts = read(
        segment("shop", 1, subsegments=[subsegment("Lambda", 2, namespace="aws", aws={"function_name": "resize"})]),
        segment("resize", 3, parent=2, origin="AWS::Lambda"),
    )

    assert facts.edges[1].alias is None


@pytest.mark.parametrize("between", [None, subsegment("own work", 2, 0, 4)])
def test_a_callee_below_no_call_bears_its_own_numbers(between: Document | None) -> None:
    """Its parent is the caller's segment or a step of it, neither of which measured the call: 1 to 3 = 2 s."""
    facts = read(
        segment("shop", 1, 0, 4, subsegments=[between] if between else []),
        segment("worker", 3, 1, 3, parent=2 if between else 1, fault=True),
    )

    assert calls(facts)[1] == ("shop None", "worker None")
    assert (facts.edges[1].outcome, facts.edges[1].response_seconds, facts.edges[1].alias) == ("fault", 2.0, None)


def test_two_segments_below_one_call_are_two_edges() -> None:
    facts = read(
        segment("shop", 1, subsegments=[subsegment("worker", 2, namespace="remote")]),
        segment("worker", 3, parent=2),
        segment("worker", 4, parent=2),
    )

    assert calls(facts)[1:] == [("shop None", "worker None")] * 2
    assert [(edge.caller, edge.callee) for edge in facts.edges[1:]] == [(0, 2), (0, 3)]


def test_each_call_to_a_node_is_a_visit_and_an_edge() -> None:
    table = {"table_name": "orders", "operation": "GetItem"}
    facts = read(
        segment(
            "shop",
            1,
            subsegments=[
                subsegment("DynamoDB", 2, 0, namespace="aws", aws=table),
                subsegment("DynamoDB", 3, 0.5, namespace="aws", aws=table),
            ],
        )
    )

    assert nodes(facts)[2:] == [("orders", "AWS::DynamoDB::Table")] * 2
    assert [(edge.caller, edge.callee) for edge in facts.edges[1:]] == [(0, 2), (0, 3)]


def test_a_call_inside_a_step_is_a_call_of_the_segment() -> None:
    step = subsegment("check out", 2, subsegments=[subsegment("orders@db", 3, namespace="remote", sql={"url": "postgres://db"})])

    assert calls(read(segment("shop", 1, subsegments=[step])))[1:] == [("shop None", "orders@db Database::SQL")]


def test_a_service_that_calls_itself_has_an_edge_between_two_visits_of_one_node() -> None:
    facts = read(segment("shop", 1, subsegments=[subsegment("shop", 2, namespace="remote")]), segment("shop", 3, parent=2))

    assert nodes(facts) == [("shop", None), ("shop", "client"), ("shop", None)]
    assert [(edge.caller, edge.callee) for edge in facts.edges] == [(1, 0), (0, 2)]
    assert [visit.root for visit in facts.visits] == [True, False, False]


def test_steps_of_a_service_are_no_visits() -> None:
    assert nodes(read(segment("shop", 1, subsegments=[subsegment("render", 2)]))) == [("shop", None), ("shop", "client")]


def test_an_open_root_has_no_numbers_and_no_client_and_is_not_partial() -> None:
    facts = read(segment("shop", 1, end=None))

    assert nodes(facts) == [("shop", None)]
    assert facts.edges == ()
    assert (facts.duration, facts.response_seconds, facts.partial, facts.root) == (None, None, False, 0)
    assert (facts.visits[0].outcome, facts.visits[0].end, facts.visits[0].response_seconds) == (None, None, None)
    assert facts.root_start == START


def test_an_open_callee_leaves_the_trace_without_a_duration_but_not_the_root() -> None:
    facts = read(
        segment("shop", 1, 0, 4, subsegments=[subsegment("worker", 2, namespace="remote")]), segment("worker", 3, 1, None, parent=2)
    )

    assert (facts.duration, facts.response_seconds) == (None, 4.0)
    assert facts.visits[2].outcome is None
    assert facts.edges[1].outcome == "ok"


def test_nothing_is_inferred_from_an_open_call_and_an_edge_below_it_has_no_numbers() -> None:
    shop = segment("shop", 1, subsegments=[subsegment("worker", 2, 0, None, namespace="remote")])

    assert nodes(read(shop)) == [("shop", None), ("shop", "client")]
    edge = read(shop, segment("worker", 3, parent=2)).edges[1]
    assert (edge.outcome, edge.response_seconds) == (None, None)


def test_an_orphan_has_a_duration_and_no_root() -> None:
    facts = read(segment("worker", 3, 1, 3, parent=9, status=503))

    assert (facts.partial, facts.root, facts.root_start, facts.response_seconds, facts.duration) == (True, None, None, None, 2.0)
    assert nodes(facts) == [("worker", None)]
    assert facts.edges == ()
    assert not facts.visits[0].root
    assert facts.visits[0].outcome == "fault"


def test_a_trace_with_a_root_and_an_orphan_is_partial_and_keeps_its_root() -> None:
    facts = read(segment("worker", 3, 0, 3, parent=9), segment("shop", 1, 1, 2))

    assert (facts.partial, facts.root_start, facts.response_seconds) == (True, START + 1, 1.0)
    assert facts.root == 1
    assert nodes(facts) == [("worker", None), ("shop", None), ("shop", "client")]


def test_a_subsegment_whose_segment_is_missing_makes_no_visit_but_what_it_called_does() -> None:
    lost = apart(subsegment("worker", 2, namespace="remote", annotations={"tenant": "blue"}, user="ann"), parent=9)

    assert nodes(read(lost)) == []
    assert nodes(read(lost, segment("worker", 3, parent=2))) == [("worker", None)]
    assert read(lost, segment("worker", 3, parent=2)).edges == ()
    assert read(lost).partial
    assert (read(lost).annotations, read(lost).users) == ((Annotation("tenant", "blue", None),), (User("ann", None),))


def test_of_two_roots_the_earlier_is_the_entry_and_both_have_clients() -> None:
    facts = read(segment("late", 1, 1, 2), segment("early", 2, 0, 1.5))

    assert nodes(facts) == [("early", None), ("early", "client"), ("late", None), ("late", "client")]
    assert (facts.root, facts.response_seconds, facts.duration, facts.partial) == (0, 1.5, 2.0, False)
    assert [visit.root for visit in facts.visits] == [True, False, True, False]
    assert [(edge.caller, edge.callee) for edge in facts.edges] == [(1, 0), (3, 2)]


def test_a_step_that_outlives_its_segment_lengthens_the_trace_and_not_the_root() -> None:
    """The root took 0 to 1; the step ran from 0.5 to 3, so that the trace took 3 − 0."""
    facts = read(segment("shop", 1, 0, 1, subsegments=[subsegment("send mail", 2, 0.5, 3)]))

    assert (facts.duration, facts.response_seconds) == (3.0, 1.0)


def test_a_trace_starts_with_its_earliest_span_and_the_root_start_is_the_roots() -> None:
    """The callee's clock is half a second behind."""
    facts = read(
        segment("shop", 1, 0, 2, subsegments=[subsegment("worker", 2, namespace="remote")]), segment("worker", 3, -0.5, 1, parent=2)
    )

    assert (facts.start, facts.root_start, facts.duration) == (START - 0.5, START, 2.5)


def test_an_end_before_the_start_counts_as_no_time() -> None:
    facts = read(segment("shop", 1, 2, 1))

    assert (facts.duration, facts.response_seconds) == (0.0, 0.0)


def test_a_ring_of_parents_is_partial_and_still_read() -> None:
    facts = read(
        segment("shop", 1, 0, parent=4, subsegments=[subsegment("cart", 2, namespace="remote")]),
        segment("cart", 3, 0.5, parent=2, subsegments=[subsegment("shop", 4, namespace="remote")]),
    )

    assert facts.partial
    assert calls(facts) == [("shop None", "cart None"), ("cart None", "shop remote")]


def test_segments_that_x_ray_had_inferred_are_inferred_anew() -> None:
    """A trace that BatchGetTraces gave, put back."""
    shop = segment("shop", 1, subsegments=[subsegment("DynamoDB", 2, namespace="aws", aws={"table_name": "orders"})])
    inferred = segment("DynamoDB", 3, parent=2, origin="AWS::DynamoDB::Table", inferred=True)

    assert read(shop, inferred) == read(shop)


def test_annotations_come_from_segments_and_subsegments_also_those_sent_apart() -> None:
    facts = read(
        segment("shop", 1, annotations={"tenant": "blue", "beta": True}, subsegments=[subsegment("worker", 2, namespace="remote")]),
        segment("worker", 3, 0.25, parent=2, annotations={"tenant": "green"}),
        apart(subsegment("step", 4, 0.5, annotations={"retries": 3, "share": 0.5}), parent=3),
    )

    assert facts.annotations == (
        Annotation("tenant", "blue", 0),
        Annotation("beta", value=True, visit=0),
        Annotation("tenant", "green", 2),
        Annotation("retries", 3, 2),
        Annotation("share", 0.5, 2),
    )


@pytest.mark.parametrize("value", [None, [], {}, math.nan, math.inf, -math.inf, 10**400])
def test_an_annotation_of_another_kind_is_dropped(value: object) -> None:
    assert read(segment("shop", 1, annotations={"bad": value, "good": 1})).annotations == (Annotation("good", 1, 0),)


@pytest.mark.parametrize("key", ["", "a b", "a-b", "ü"])
def test_an_annotation_under_a_key_that_x_ray_does_not_take_is_dropped(key: str) -> None:
    assert read(segment("shop", 1, annotations={key: 1, "order.id_2": "A-1"})).annotations == (Annotation("order.id_2", "A-1", 0),)


def test_users_zones_instances_and_arns_come_from_any_span_once_each() -> None:
    aws = {
        "ec2": {"instance_id": "i-1", "availability_zone": "eu-west-1a"},
        "ecs": {"container_arn": "arn:aws:ecs:eu-west-1:111122223333:container/c", "task_arn": "arn:aws:ecs:eu-west-1:111122223333:task/t"},
    }
    facts = read(
        segment(
            "shop",
            1,
            user="ann",
            aws=aws,
            resource_arn="arn:aws:elasticloadbalancing:x",
            subsegments=[subsegment("worker", 2, user="bob", namespace="remote")],
        ),
        segment("worker", 3, parent=2, user="ann", aws={**aws, "ec2": {"instance_id": "i-2", "availability_zone": "eu-west-1a"}}),
    )

    assert facts.users == (User("ann", 0), User("bob", 0), User("ann", 2))
    assert facts.instance_ids == ("i-1", "i-2")
    assert facts.zones == ("eu-west-1a",)
    assert facts.resource_arns == (
        "arn:aws:elasticloadbalancing:x",
        "arn:aws:ecs:eu-west-1:111122223333:container/c",
        "arn:aws:ecs:eu-west-1:111122223333:task/t",
    )


def test_http_is_what_the_segment_says_of_the_request_it_answered() -> None:
    http = request("POST", "https://shop.example/pay", 201, user_agent="curl/8", client_ip="203.0.113.7", x_forwarded_for=True, traced=True)

    assert read(segment("shop", 1, http=http)).visits[0].http == Http("https://shop.example/pay", "POST", 201, "curl/8", "203.0.113.7")


@pytest.mark.parametrize("odd", [True, "200", 200.5, math.nan, 10**400, 1 << 31, []])
def test_a_status_that_is_no_number_of_32_bits_is_none(odd: object) -> None:
    assert read(segment("shop", 1, http=request(status=odd))).visits[0].http.status is None


@pytest.mark.parametrize(
    ("url", "operation"),
    [
        ("https://shop.example/cart/7?a=1#top", "GET /cart/7"),
        ("https://shop.example", "GET /"),
        ("/cart?a=1", "GET /cart"),
        ("cart", "GET /cart"),
        ("http://[::1/cart", "GET /cart"),
        ("?a=1", "GET /"),
    ],
)
def test_the_operation_is_the_method_and_the_path(url: str, operation: str) -> None:
    assert read(segment("shop", 1, http=request("GET", url))).visits[0].operation == operation


def test_the_operation_of_an_inferred_aws_service_is_the_one_that_the_sdk_asked_for() -> None:
    call = subsegment("DynamoDB", 2, namespace="aws", aws={"table_name": "orders", "operation": "GetItem"})
    assert [visit.operation for visit in read(segment("shop", 1, subsegments=[call])).visits] == [None, None, "GetItem"]


def test_a_call_is_no_operation() -> None:
    facts = read(segment("shop", 1, subsegments=[subsegment("pay.example", 2, namespace="remote", http=request())]))

    assert facts.visits[2].operation is None
    assert facts.visits[2].http.method == "GET"


@pytest.mark.parametrize("odd", [None, 7, "", [], [7], True, math.nan])
def test_members_of_another_kind_are_read_as_if_they_were_not_there(odd: object) -> None:
    names = ("http", "aws", "sql", "annotations", "user", "resource_arn", "links", "cause", "metadata", "service")

    assert_same_as_without(dict.fromkeys(names, odd))


@pytest.mark.parametrize(
    "members",
    [
        {"http": {"request": 7, "response": []}},
        {"http": {"request": {"url": 7, "method": None}, "response": {"status": "200"}}},
        {"aws": {"ec2": 7, "ecs": "x", "account_id": []}},
        {"aws": {"ec2": {"instance_id": 7, "availability_zone": []}, "ecs": {"task_arn": {}}}},
        {"links": [None, {}, {"trace_id": TRACE_ID}]},
    ],
)
def test_blocks_that_hold_another_kind_are_read_as_if_they_were_not_there(members: Document) -> None:
    assert_same_as_without(members)


def assert_same_as_without(members: Document) -> None:
    """A segment and two calls read the same with the members as without them."""
    plain = [subsegment("DynamoDB", 2, namespace="aws"), subsegment("db", 3, 0.5, namespace="remote")]
    strange = [{**each, **members} for each in plain]

    assert read({**segment("shop", 1, subsegments=strange), **members}) == read(segment("shop", 1, subsegments=plain))


def test_a_link_within_the_trace_is_an_edge_with_the_callees_numbers() -> None:
    """From the queue that the subsegment fed, and from the segment itself."""
    queue = subsegment("SQS", 2, namespace="aws", aws={"queue_url": "https://sqs.example/jobs"})
    facts = read(
        segment("shop", 1, 0, 1, subsegments=[queue, subsegment("step", 4)]),
        segment("worker", 3, 2, 4, links=[{"trace_id": TRACE_ID, "id": span_id(2)}, {"trace_id": TRACE_ID, "id": span_id(4)}]),
    )
    linked = [(call, edge.response_seconds) for call, edge in zip(calls(facts), facts.edges, strict=True) if edge.linked]

    assert linked == [(("https://sqs.example/jobs AWS::SQS::Queue", "worker None"), 2.0), (("shop None", "worker None"), 2.0)]


@pytest.mark.parametrize(
    "link",
    [
        {"trace_id": "1-6ab13b80-000000000000000000000002", "id": span_id(1)},
        {"trace_id": TRACE_ID, "id": span_id(9)},
        {"trace_id": TRACE_ID, "id": span_id(3)},
        {"trace_id": TRACE_ID, "id": 7},
        "text",
    ],
)
def test_a_link_to_another_trace_to_itself_or_to_nothing_is_no_edge(link: object) -> None:
    facts = read(segment("shop", 1), segment("worker", 3, 0.5, links=[link]))

    assert not any(edge.linked for edge in facts.edges)


def test_of_many_links_the_first_20_are_edges() -> None:
    links = [{"trace_id": TRACE_ID, "id": span_id(1)}] * 21

    assert sum(edge.linked for edge in read(segment("shop", 1), segment("worker", 3, 0.5, links=links)).edges) == 20


def test_no_documents_are_a_trace_of_which_nothing_is_known() -> None:
    facts = read()

    assert (facts.visits, facts.edges, facts.duration, facts.root, facts.partial) == ((), (), None, None, False)


IDS = st.integers(0, 9)
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, -1, 429, 503.0, 10**400, math.nan, math.inf, "", "remote", "\ud800", [], [None], {}, {"": None}]
)
ODDER = (
    ODD
    | st.lists(ODD, max_size=2)
    | st.dictionaries(st.sampled_from(["request", "status", "ec2", "id", "exceptions", "a.b"]), ODD, max_size=2)
)
BLOCKS = (
    "http",
    "aws",
    "sql",
    "annotations",
    "user",
    "resource_arn",
    "links",
    "cause",
    "fault",
    "error",
    "throttle",
    "origin",
    "namespace",
    "inferred",
)


@st.composite
def spans(draw: st.DrawFn, depth: int = 0) -> Document:
    """A segment or subsegment with members of the right kind here and odd ones there."""
    start = draw(st.sampled_from([0.0, 0.25, 0.5, 1.0, 7.5]))
    took = draw(st.none() | st.sampled_from([0.0, 0.5, 2.0, -1.0]))
    inner = draw(st.lists(spans(depth + 1), max_size=2 - depth)) if depth < 2 else []
    document = subsegment(
        draw(st.sampled_from(["shop", "cart", "DynamoDB", "SQS", "pay.example"])),
        draw(IDS),
        start,
        None if took is None else start + took,
        namespace=draw(st.sampled_from([None, "remote", "aws"])),
        status=draw(st.sampled_from([None, 200, 404, 429, 503])),
        subsegments=inner,
    )
    if draw(st.booleans()):
        document["cause"] = draw(st.sampled_from([exceptions("boom", first_id=3), span_id(3), exceptions("one", "two", first_id=4)]))
        document["fault"] = True
    return {**document, **draw(st.dictionaries(st.sampled_from(BLOCKS), ODDER, max_size=2))}


@st.composite
def traces(draw: st.DrawFn) -> list[Document]:
    """Documents of one trace: segments with and without parents, subsegments sent apart, ids that clash, rings."""
    documents: list[Document] = []
    for span in draw(st.lists(spans(), max_size=5)):
        document = {**span, "trace_id": TRACE_ID}
        kind = draw(st.sampled_from(["root", "callee", "apart"]))
        if kind != "root":
            document["parent_id"] = span_id(draw(IDS))
        if kind == "apart":
            document["type"] = "subsegment"
        documents.append(document)
    return documents


@given(traces(), st.randoms(use_true_random=False))
def test_the_order_of_the_documents_never_matters_and_nothing_raises(documents: list[Document], random: Any) -> None:
    facts = read_trace(TRACE_ID, documents)
    shuffled = list(documents)
    random.shuffle(shuffled)

    assert read_trace(TRACE_ID, shuffled) == facts


@given(traces())
def test_facts_come_back_from_their_text_and_can_be_stored_and_shown(documents: list[Document]) -> None:
    facts = read_trace(TRACE_ID, documents)
    text = dump(facts)

    assert load(text) == facts
    assert text.encode()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert summary_of(facts) == summary_of(load(text))


@given(traces())
def test_indices_and_numbers_hold_together(documents: list[Document]) -> None:
    facts = read_trace(TRACE_ID, documents)

    assert all(is_index(index, facts.visits) for edge in facts.edges for index in (edge.caller, edge.callee))
    owners = [each.visit for each in facts.annotations] + [each.visit for each in facts.users]
    assert all(owner is None or facts.visits[owner].role == "service" for owner in owners)
    assert facts.root is None or facts.visits[facts.root].root
    assert all((visit.end is None) == (visit.outcome is None) for visit in facts.visits if visit.role != "client")
    for index, visit in enumerate(facts.visits):
        if visit.role == "client":
            assert any(edge.caller == index and edge.callee == index - 1 for edge in facts.edges)
        if visit.role == "inferred":
            assert any(edge.callee == index and edge.outcome is not None for edge in facts.edges)


def is_index(index: int, visits: Sequence[Visit]) -> bool:
    return 0 <= index < len(visits)


@pytest.mark.parametrize(("start", "shown"), [(1.79e12, 253_370_764_800.0), (-1e14, 0.0), (-1.0, 0.0), (1.79e9, 1.79e9)])
def test_a_start_that_no_calendar_has_is_shown_as_the_nearest_that_one_has(start: float, shown: float) -> None:
    """1.79e12 is what milliseconds in the place of seconds give."""
    facts = read_trace(TRACE_ID, [{**segment("shop", 1), "start_time": start, "end_time": start + 2}])
    assert (facts.start, facts.duration) == (shown, 2.0)
