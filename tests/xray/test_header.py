"""The tracing header, as load balancers, programs and strangers send it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray_grafana.xray.header import TraceHeader, parse_header
from xray_grafana.xray.trace_id import TraceId

ROOT = "1-67891233-abcdef012345678912345678"
SELF = "1-67891234-12456789abcdef012345678"
ROOT_ID = TraceId("67891233", "abcdef012345678912345678")
SELF_ID = TraceId("67891234", "012456789abcdef012345678")
SELF_TEXT = "1-67891234-012456789abcdef012345678"


def test_a_header_made_by_the_balancer_has_a_root_alone() -> None:
    assert parse_header(f"Root={ROOT}") == TraceHeader(ROOT_ID, None, None, None, (("Root", ROOT),))


def test_a_header_that_came_with_the_request_has_all_there_is() -> None:
    header = parse_header(f"Self={SELF_TEXT};Root={ROOT};Parent=618f0c8aa046eb8a;Sampled=1;CalledFrom=app")

    assert (header.root, header.self_id, header.parent, header.sampled) == (ROOT_ID, SELF_ID, "618f0c8aa046eb8a", True)
    assert header.fields == (
        ("Self", SELF_TEXT),
        ("Root", ROOT),
        ("Parent", "618f0c8aa046eb8a"),
        ("Sampled", "1"),
        ("CalledFrom", "app"),
    )


def test_the_order_of_keys_does_not_matter() -> None:
    header = parse_header(f"Sampled=0;Root={ROOT};Self={SELF_TEXT}")

    assert (header.root, header.self_id, header.sampled) == (ROOT_ID, SELF_ID, False)


@pytest.mark.parametrize("text", ["", "-", ";;;", "curl was here", ROOT])
def test_a_text_without_pairs_is_an_empty_header(text: str) -> None:
    assert parse_header(text) == TraceHeader()


@pytest.mark.parametrize(
    "value",
    [
        "",
        f" {ROOT}",
        f"{ROOT} ",
        ROOT.upper(),
        ROOT[:-1],
        "1-6784d5e6-128581cb1a25f58c",
        "67891233abcdef012345678912345678",
        f"{ROOT}=",
        SELF,
    ],
)
def test_a_root_in_another_form_is_none(value: str) -> None:
    assert parse_header(f"Root={value}").root is None
    assert parse_header(f"Self={value}").self_id is None


@pytest.mark.parametrize("key", ["root", "ROOT", " Root", "Root "])
def test_keys_are_taken_exactly(key: str) -> None:
    assert parse_header(f"{key}={ROOT}").root is None


def test_the_first_root_decides_even_where_it_is_bad() -> None:
    assert parse_header(f"Root=x;Root={ROOT}").root is None
    assert parse_header(f"Root={ROOT};Root={SELF_TEXT}").root == ROOT_ID
    assert parse_header(f"Self=;Self={SELF_TEXT}").self_id is None


@pytest.mark.parametrize("value", ["?", "", "2", "true", "1 "])
def test_a_sampling_decision_that_is_left_open_or_unknown_is_none(value: str) -> None:
    assert parse_header(f"Sampled={value}").sampled is None


@pytest.mark.parametrize("value", ["", "618f0c8aa046eb8", "618F0C8AA046EB8A", "618f0c8aa046eb8a0", "zzzzzzzzzzzzzzzz"])
def test_a_parent_is_sixteen_hex_digits_or_none(value: str) -> None:
    assert parse_header(f"Parent={value}").parent is None


def test_a_value_may_hold_equals_signs() -> None:
    assert parse_header("Lineage=a:0|b=5").fields == (("Lineage", "a:0|b=5"),)


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    header = parse_header(text)

    assert ";".join(f"{key}={value}" for key, value in header.fields) == ";".join(part for part in text.split(";") if "=" in part)
