"""Which spans are calls to something else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.build_trace import segment, subsegment
from xray_grafana.xray.calls import is_call
from xray_grafana.xray.spans import assemble


@pytest.mark.parametrize("namespace", ["remote", "aws"])
def test_a_call_is_a_subsegment_that_leaves_its_service(namespace: str) -> None:
    inner = subsegment("cart", 2, namespace=namespace)
    top = assemble([segment("shop", 1, namespace=namespace, subsegments=[inner])])[0]
    assert [is_call(span) for span in top.walk()] == [False, True]


@pytest.mark.parametrize("odd", ["local", None, ["aws"], {"aws": 1}])
def test_a_subsegment_of_another_namespace_is_no_call(odd: Any) -> None:
    top = assemble([segment("shop", 1, subsegments=[subsegment("cart", 2) | {"namespace": odd}])])[0]
    assert not is_call(top.children[0])
