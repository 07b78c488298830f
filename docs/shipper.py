"""What `docs/generate.py` tells of the shipper: names of objects, Loki's answers, fields of the line about an object."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from docs.markdown import cell, code, table
from xray_grafana.alb.counts import Counts
from xray_grafana.alb.keys import KEY_PATTERNS, Refused
from xray_grafana.alb.ship import Outcome
from xray_grafana.alb.totals import object_line
from xray_grafana.push.answers import RULES, Action
from xray_grafana.push.refusals import REFUSED, Refusal

_ACTIONS: Final = {
    Action.ACCEPTED: "done",
    Action.PARTLY_REFUSED: "counts the entries that Loki names as rejected and goes on",
    Action.REFUSED_BY_POLICY: "ends; nothing counts as rejected",
    Action.TOO_LARGE: "sends it in two halves; a single entry is rejected",
    Action.SLOW_DOWN: "waits as long as `Retry-After` says, or longer each time, and sends the same bytes; halves what is above the limit",
    Action.TRY_AGAIN: "waits longer each time and sends the same bytes",
    Action.UNAUTHORISED: "ends",
    Action.NOT_LOKI: "ends",
}
_EXAMPLE: Final = Outcome(
    name=(
        "s3://shop-alb-logs/AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/11/21/"
        "111122223333_elasticloadbalancing_eu-west-1_app.shop-front.50dc6c495c0c9188_20261121T1005Z_10.0.3.7_4k2a9x1b.log.gz"
    ),
    log_type="access",
    load_balancer="app/shop-front/50dc6c495c0c9188",
    counts=Counts(read=1843, shipped=1840, rejected=2, unreadable=1),
    read_bytes=1_109_486,
    seconds=0.412,
    lag_seconds=431.0,
    finished=True,
    pushes=2,
    sent_bytes=301_877,
    refusals=(Refusal("too_old", 2, "entry for stream '{…}' has timestamp too old: 2026-11-13T10:04:58Z"),),
)


def log_objects() -> str:
    """A table of the names that are known, with an example each."""
    rows = []
    for pattern in KEY_PATTERNS:
        result = pattern.result
        what = (
            f"refused: it {result.reason}"
            if isinstance(result, Refused)
            else f"shipped as `{result}`"
            if isinstance(result, str)
            else "skipped"
        )
        rows.append((cell(pattern.name), code(pattern.example.rpartition("/")[2] or pattern.example), cell(what)))
    return table(("Object", "For example", "Is"), rows)


def loki_answers() -> str:
    """A table of Loki's answers, in the order in which they are looked for."""
    return table(
        ("Status", "With", "The shipper", "Because"),
        [(_statuses(rule.statuses), _said(rule.pattern), cell(_ACTIONS[rule.action]), cell(rule.why)) for rule in RULES],
    )


def _statuses(statuses: Collection[int]) -> str:
    numbers = sorted(statuses)
    parts: list[list[int]] = []
    for status in numbers:
        if parts and parts[-1][-1] == status - 1:
            parts[-1].append(status)
        else:
            parts.append([status])
    if len(numbers) > 500:  # noqa: PLR2004
        return "any"
    return ", ".join(f"{part[0]}–{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)


def _said(pattern: re.Pattern[str] | None) -> str:
    if pattern is REFUSED:
        return "Loki's words for entries, streams or bodies that it does not take"
    return "" if pattern is None else code(pattern.pattern)


def object_log_line() -> str:
    """The line about one object."""
    return f"```text\n{object_line(_EXAMPLE)}\n```"
