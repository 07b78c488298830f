"""A request as the line of the load balancer's access log, with all 34 fields.

Source: Application Load Balancers user guide, "Access logs".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from xray_grafana.sandbox.demo.passages import Passage
from xray_grafana.sandbox.demo.scene import DOMAIN, LOAD_BALANCER, NODES, Scene

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TARGETS: Final = ("10.0.3.21:8080", "10.0.4.33:8080", "10.0.5.47:8080")


def access_line(passage: Passage, scene: Scene) -> bytes:
    """The line, without a newline."""
    customer = passage.customer
    if passage.visits:
        seconds = passage.visits[0].end - passage.visits[0].start
        target, target_status = _TARGETS[int(passage.visits[0].id[0], 16) % len(_TARGETS)], str(passage.status)
        times = f"0.001 {seconds:.3f} 0.000"
    else:
        target = target_status = "-"
        times = "-1 -1 -1"
    kind, protocol = ("h2", "HTTP/2.0") if customer.user_agent.startswith("Mozilla") else ("https", "HTTP/1.1")
    sent = 300 + int(passage.trace_id[-4:], 16)
    return (
        f"{kind} {_text(passage.end)} {LOAD_BALANCER} {customer.address}:{passage.port} {target} {times} {passage.status} {target_status} "
        f'{180 + len(passage.path)} {sent} "{passage.method} https://{DOMAIN}:443{passage.path} {protocol}" "{customer.user_agent}" '
        f'TLS_AES_128_GCM_SHA256 TLSv1.3 {scene.target_group_arn} "{passage.header}" "{DOMAIN}" "{scene.certificate_arn}" 0 '
        f'{_text(passage.start)} "forward" "-" "-" "{target}" "{target_status}" "-" "-" TID_{passage.trace_id[-24:]}{passage.port:08x} '
        f'"-" "-" "-" {NODES[passage.node]}'
    ).encode()


def _text(time: float) -> str:
    """UTC to the microsecond. `fromtimestamp` would round by the machine's own rule."""
    return (_EPOCH + timedelta(microseconds=round(time * 1_000_000))).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
