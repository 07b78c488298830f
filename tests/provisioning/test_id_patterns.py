"""The derived fields' expressions where they run: in a JavaScript engine."""

import json
from pathlib import Path

import pytest

from tests.node_tools import run_node
from xray_grafana.provisioning.correlations import W3C_ID_IN_LINE, XRAY_ID_IN_LINE

ROOT, SELF = "1-5759e988-bd862e3fe1be46a994272793", "1-67891234-12456789abcdef012345678a"
W3C = "5759e988bd862e3fe1be46a994272793"
ALB = (
    "https 2026-11-21T12:00:00.186641Z app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.0 0.1 0.0 200 200 34 366 "
    '"GET https://x/ HTTP/1.1" "curl" - - - "{}"'
)

CASES = [
    ("the X-Ray form", f"level=info trace_id={ROOT} done", ROOT, None),
    ("the X-Ray form in JSON", json.dumps({"trace": ROOT}), ROOT, None),
    ("a header with Root first", f"X-Amzn-Trace-Id: Root={ROOT};Sampled=1", ROOT, None),
    ("a header with Self first: the hop's id is no trace", f"X-Amzn-Trace-Id: Self={SELF};Root={ROOT}", ROOT, None),
    ("a header with only Self", f"X-Amzn-Trace-Id: Self={SELF}", None, None),
    ("an access line: its id is in metadata", ALB.format(f"Root={ROOT}"), None, None),
    ("an access line with Self", ALB.format(f"Self={SELF};Root={ROOT}"), None, None),
    ("upper case is no id", f"trace_id={ROOT.upper()}", None, None),
    ("one digit too many", f"trace_id={ROOT}0", None, None),
    ("one digit too few", f"trace_id={ROOT[:-1]}", None, None),
    ("the second line of a stack trace", f"Traceback\n  in trace {ROOT}", ROOT, None),
    ("W3C in logfmt", f"level=info trace_id={W3C}", None, W3C),
    ("W3C in JSON", json.dumps({"traceId": W3C}), None, W3C),
    ("W3C in JSON without blanks", '{"traceID":"' + W3C + '"}', None, W3C),
    ("W3C from .NET", '{"TraceId":"' + W3C + '"}', None, W3C),
    ("W3C from Python's OpenTelemetry", f"INFO otelTraceID={W3C} otelSpanID=1", None, W3C),
    ("W3C in ECS", '{"trace.id":"' + W3C + '"}', None, W3C),
    ("W3C in a traceparent", f"traceparent=00-{W3C}-00f067aa0ba902b7-01", None, W3C),
    ("32 hex that is something else", f"sha={W3C}", None, None),
    ("64 hex behind the key", f"trace_id={W3C}{W3C}", None, None),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str | None]]:
    script: Path = tmp_path_factory.mktemp("js") / "match.mjs"
    script.write_text(
        "import fs from 'node:fs';\n"
        "const {patterns, lines} = JSON.parse(fs.readFileSync(0, 'utf8'));\n"
        "const first = (p, l) => { const m = l.match(new RegExp(p)); return m ? m[1] : null; };\n"
        "console.log(JSON.stringify(lines.map(l => ({xray: first(patterns.xray, l), w3c: first(patterns.w3c, l)}))));\n"
    )
    question = {"patterns": {"xray": XRAY_ID_IN_LINE, "w3c": W3C_ID_IN_LINE}, "lines": [line for _, line, _, _ in CASES]}
    answer: list[dict[str, str | None]] = json.loads(run_node(script, json.dumps(question)))
    return answer


@pytest.mark.parametrize("index", range(len(CASES)), ids=[name for name, *_ in CASES])
def test_an_id_is_taken_only_where_it_is_one(found: list[dict[str, str | None]], index: int) -> None:
    _, _, xray, w3c = CASES[index]
    assert found[index] == {"xray": xray, "w3c": w3c}
