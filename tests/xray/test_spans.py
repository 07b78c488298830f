"""Documents of one trace put together as a tree."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

import pytest

from tests.sandbox.build_trace import START, Document, apart, segment, span_id, subsegment
from xray_grafana.xray.spans import Span, assemble


def outline(tops: Iterable[Span]) -> list[Any]:
    """The names of a forest, each with the outline of what is below it if there is something."""
    return [[top.name, *outline(top.children)] if top.children else top.name for top in tops]


def by_name(tops: Iterable[Span]) -> dict[str, Span]:
    return {span.name: span for top in tops for span in top.walk()}


def test_no_documents_are_no_trace() -> None:
    assert assemble([]) == ()


def test_subsegments_hang_below_the_segment_that_holds_them_in_order_of_start() -> None:
    tops = assemble([segment("shop", 1, subsegments=[subsegment("late", 2, 0.5), subsegment("early", 3, 0.25)])])

    assert outline(tops) == [["shop", "early", "late"]]
    assert tops[0].start == START
    assert tops[0].end == START + 1


def test_a_segment_hangs_below_the_subsegment_that_it_names_whatever_came_first() -> None:
    caller = segment("shop", 1, subsegments=[subsegment("call cart", 2)])
    callee = segment("cart", 3, parent=2, subsegments=[subsegment("look up", 4)])

    for documents in ([caller, callee], [callee, caller]):
        spans = by_name(assemble(documents))
        assert outline(assemble(documents)) == [["shop", ["call cart", ["cart", "look up"]]]]
        assert spans["look up"].segment is spans["cart"]
        assert spans["call cart"].segment is spans["shop"]
        assert spans["cart"].parent is spans["call cart"]


def test_a_subsegment_sent_apart_hangs_below_its_parent_and_belongs_to_its_segment() -> None:
    tops = assemble([apart(subsegment("inner", 3), parent=2), apart(subsegment("outer", 2), parent=1), segment("shop", 1)])

    assert outline(tops) == [["shop", ["outer", "inner"]]]
    assert {span.name for span in tops[0].walk() if span.segment is tops[0]} == {"shop", "outer", "inner"}
    assert not any(span.orphan for span in tops[0].walk())


def test_the_walk_visits_each_before_its_children_in_order_of_start() -> None:
    document = segment("a", 1, subsegments=[subsegment("d", 2, 0.5), subsegment("b", 3, 0.25, subsegments=[subsegment("c", 4, 0.25)])])

    assert [span.name for span in assemble([document])[0].walk()] == ["a", "b", "c", "d"]


def test_equal_starts_are_in_order_of_id() -> None:
    assert outline(assemble([segment("a", 1, subsegments=[subsegment("c", 3), subsegment("b", 2)])])) == [["a", "b", "c"]]


def test_a_segment_whose_parent_is_missing_is_an_orphan_beside_the_root() -> None:
    tops = assemble([segment("cart", 3, 0.5, parent=9), segment("shop", 1)])

    assert [(top.name, top.orphan) for top in tops] == [("shop", False), ("cart", True)]
    assert tops[1].segment is tops[1]


def test_a_subsegment_sent_apart_whose_parent_is_missing_belongs_to_no_segment_but_what_it_called_does() -> None:
    spans = by_name(assemble([apart(subsegment("call", 2, subsegments=[subsegment("part", 5)]), parent=9), segment("cart", 3, parent=2)]))

    assert spans["call"].orphan
    assert spans["call"].segment is None
    assert spans["part"].segment is None
    assert spans["cart"].segment is spans["cart"]
    assert not spans["cart"].orphan


@pytest.mark.parametrize("parent_id", [None, "", 7])
def test_a_subsegment_sent_apart_without_a_parent_is_an_orphan_and_a_segment_without_one_is_a_root(parent_id: object) -> None:
    lost = {**apart(subsegment("call", 2), parent=1), "parent_id": parent_id}
    root = {**segment("shop", 1), "parent_id": parent_id}

    assert [(top.name, top.orphan) for top in assemble([root, lost])] == [("shop", False), ("call", True)]


def test_two_roots_are_two_tops_in_order_of_start() -> None:
    assert outline(assemble([segment("second", 1, 0.5), segment("first", 2, 0.0)])) == ["first", "second"]


def test_what_is_in_progress_has_no_end_even_if_it_names_one() -> None:
    assert assemble([segment("shop", 1, end=None)])[0].end is None
    assert assemble([segment("shop", 1, end=2, in_progress=True)])[0].end is None


@pytest.mark.parametrize("odd", ["soon", None, True, [], math.nan, math.inf, -math.inf, 10**400, 1e300])
def test_a_time_that_is_none_is_passed_over(odd: object) -> None:
    """A start falls back on the end, then on the start of the span around it, then on 0."""
    ended = assemble([segment("shop", 1, start_time=odd)])[0]
    held = by_name(assemble([segment("shop", 1, subsegments=[subsegment("part", 2, start_time=odd, end_time=odd)])]))["part"]
    neither = assemble([segment("shop", 1, start_time=odd, end_time=odd)])[0]

    assert (ended.start, ended.end) == (START + 1, START + 1)
    assert (held.start, held.end) == (START, None)
    assert (neither.start, neither.end) == (0.0, None)


@pytest.mark.parametrize("odd", ["text", 7, {"id": "x"}, [7, "text", None]])
def test_subsegments_that_are_none_are_passed_over(odd: object) -> None:
    assert outline(assemble([{**segment("shop", 1), "subsegments": odd}])) == ["shop"]


def test_a_subsegment_that_is_embedded_and_sent_apart_counts_once_the_one_sent_apart() -> None:
    embedded = subsegment("old", 2, subsegments=[subsegment("inside the old", 3)])
    sent = apart(subsegment("new", 2, subsegments=[subsegment("inside the new", 4)]), parent=1)

    for documents in itertools.permutations([segment("shop", 1, subsegments=[embedded]), sent]):
        assert outline(assemble(documents)) == [["shop", ["new", "inside the old", "inside the new"]]]


def test_an_embedded_subsegment_that_is_complete_goes_before_one_that_was_sent_apart_while_it_ran() -> None:
    running = apart(subsegment("running", 2, end=None), parent=1)
    done = segment("shop", 1, subsegments=[subsegment("done", 2)])

    for documents in itertools.permutations([done, running, segment("cart", 5, parent=2)]):
        assert outline(assemble(documents)) == [["shop", ["done", "cart"]]]


def test_of_two_segments_with_one_id_the_complete_one_counts() -> None:
    running = segment("running", 1, end=None, subsegments=[subsegment("seen while running", 2)])

    for documents in itertools.permutations([running, segment("done", 1, 0.25)]):
        assert outline(assemble(documents)) == [["done", "seen while running"]]


def test_an_embedded_subsegment_with_the_id_of_a_segment_stays_and_the_id_means_the_segment() -> None:
    documents = [segment("shop", 1, subsegments=[subsegment("clash", 3, 0.25)]), segment("cart", 3, 0.5), segment("stock", 4, parent=3)]

    for order in itertools.permutations(documents):
        assert outline(assemble(order)) == [["shop", "clash"], ["cart", "stock"]]


def test_embedded_subsegments_that_share_an_id_all_stay_and_the_id_means_the_complete_and_earliest() -> None:
    documents = [
        segment("shop", 1, subsegments=[subsegment("open", 9, 0.0, None)]),
        segment("cart", 2, 0.5, subsegments=[subsegment("late", 9, 0.5), subsegment("early", 9, 0.25)]),
        segment("stock", 3, 0.75, parent=9),
    ]

    for order in itertools.permutations(documents):
        assert outline(assemble(order)) == [["shop", "open"], ["cart", ["early", "stock"], "late"]]


def test_which_of_two_equal_subsegments_an_id_means_does_not_depend_on_the_order_of_the_documents() -> None:
    documents = [
        segment("shop", 1, subsegments=[subsegment("one", 9)]),
        segment("cart", 2, subsegments=[subsegment("other", 9)]),
        segment("stock", 3, parent=9),
    ]

    assert len({str(outline(assemble(order))) for order in itertools.permutations(documents)}) == 1


def test_a_ring_of_parents_is_cut_at_its_earliest_document() -> None:
    """cart → (call shop) → shop → (call cart) → cart: shop started first."""
    documents: list[Document] = [
        segment("shop", 1, 0.0, parent=4, subsegments=[subsegment("call cart", 2, 0.25)]),
        segment("cart", 3, 0.5, parent=2, subsegments=[subsegment("call shop", 4, 0.0)]),
    ]

    for order in itertools.permutations(documents):
        tops = assemble(order)
        assert outline(tops) == [["shop", ["call cart", ["cart", "call shop"]]]]
        assert tops[0].orphan
        assert tops[0].parent is None


def test_each_ring_is_cut_and_what_hangs_on_it_stays() -> None:
    documents = [
        segment("alone", 1, parent=1),
        apart(subsegment("x", 2, 0.5), parent=3),
        apart(subsegment("y", 3, 0.25), parent=2),
        segment("called by y", 4, 0.0, parent=3),
    ]

    for order in itertools.permutations(documents):
        assert outline(assemble(order)) == ["alone", ["y", "called by y", "x"]]


def test_a_document_that_holds_its_own_id_is_cut_too() -> None:
    """The embedded one is complete and stands for the open document around it, so that it holds itself."""
    document = apart(
        subsegment("open", 1, end=None, subsegments=[subsegment("part", 2, subsegments=[subsegment("done", 1, 0.5)])]), parent=9
    )

    assert outline(assemble([document])) == [["part", "done"]]


def test_a_chain_of_thousands_is_no_deeper_than_memory() -> None:
    count = 5_000
    documents = [segment("first", 0), *(segment("next", number, parent=number - 1) for number in range(1, count))]
    (top,) = assemble(reversed(documents))

    assert sum(1 for _ in top.walk()) == count


def test_documents_too_deep_to_be_written_are_still_put_together() -> None:
    nested: Document = subsegment("part", 1)
    for _ in range(2_000):
        nested = subsegment("part", 1, subsegments=[nested])

    (top,) = assemble([segment("shop", 2, subsegments=[nested])])
    assert sum(1 for _ in top.walk()) == 2_002


def test_names_and_ids_are_text_whatever_came() -> None:
    top = assemble([{"id": 7, "name": None, "start_time": 1, "end_time": 2, "trace_id": span_id(1)}])[0]

    assert (top.id, top.name) == ("7", "None")


def test_very_many_rings_are_cut_in_one_go() -> None:
    """20,000 documents in 10,000 rings of two, the later one named by the earlier. One look at all of them for each ring took a minute."""
    documents = [
        {
            "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
            "id": f"{number:016x}",
            "parent_id": f"{number ^ 1:016x}",
            "name": "n",
            "start_time": number,
        }
        for number in range(20_000)
    ]
    tops = assemble(documents)
    assert [int(top.id, 16) for top in tops] == list(range(0, 20_000, 2))
    assert all(top.orphan and [int(child.id, 16) for child in top.children] == [int(top.id, 16) + 1] for top in tops)
