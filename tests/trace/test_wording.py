from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray_grafana.alb.logfmt import logfmt
from xray_grafana.trace.text import one_line
from xray_grafana.trace.wording import worded


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"time":"10:00","level":"error","msg":"no answer","order":7}', 'error no answer {"time":"10:00","order":7}'),
        ('{"severity":"WARN","message":"slow"}\n', "WARN slow"),
        ('{"msg":"slow","message":"again","level":30}', 'slow {"message":"again","level":30}'),
        ('{"msg":"","message":"slow","at":{"é":[1.5,null]}}', 'slow {"msg":"","at":{"é":[1.5,null]}}'),
        ('{"level":"error","msg":"one\\n\\ntwo","a":1}', 'error one (+1 line) {"a":1}'),
        ("time=10:00 level=error msg=slow order=7", "error slow time=10:00 order=7"),
        ('ts=1 message="no \\"answer\\"\\nat all" severity=WARN url="a b"', 'WARN no "answer" (+1 line) ts=1 url="a b"'),
        ('msg="a \\q b"', "a \\q b"),
        ('msg="" message=slow msg=twice', 'slow msg="" msg=twice'),
        ("msg=one msg=two level=x level=y", "x one msg=two level=y"),
    ],
)
def test_level_and_message_come_before_the_rest(line: str, shown: str) -> None:
    assert worded(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        "declined order=A-17",
        "order=A-17 declined msg=x",
        "order=A-17 status=502",
        'msg="no end',
        "msg=",
        'msg=" " level=info',
        '{"level":"error"}',
        '{"msg":7,"message":null}',
        '{"msg":"cut off',
        '["msg"]',
        '"msg"',
        "{" * 100_000,
        '{"msg":' + "[" * 100_000,
        "",
    ],
)
def test_any_other_line_stays_as_it_is(line: str) -> None:
    assert worded(line) == line


def test_of_other_lines_the_first_is_shown() -> None:
    assert worded("\n charging 42.00\nTraceback\n\n  at pay\n") == "charging 42.00 (+2 lines)"


@given(st.text().filter(str.strip), st.text())
def test_the_message_comes_first_whatever_it_is(message: str, other: str) -> None:
    expected = one_line(message)
    assert worded(json.dumps({"other": other, "msg": message})).startswith(expected)
    assert worded(logfmt({"other": other, "msg": message})).startswith(expected)
