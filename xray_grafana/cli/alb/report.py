"""`xray-grafana alb report`: how many of the requests that load balancers saw have a trace in X-Ray."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from xray_grafana import contract
from xray_grafana.cli.output import counted, note, said, say
from xray_grafana.errors import LokiError, UsageError, XRayGrafanaError

if TYPE_CHECKING:
    from xray_grafana.alb.report import Row
    from xray_grafana.alb.samples import Sample, Span
    from xray_grafana.push.client import PushClient

_NANOS_PER_MICRO: Final = 1_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ACCESS: Final = f'{{{contract.LABEL_LOG_TYPE}="{contract.LOG_TYPE_ACCESS}"}}'


@click.command("report")
@click.option(
    "--from", "start", metavar="TIME", default="24h", show_default=True, help="Where the time begins: 2026-11-21T09:30:00Z, 6h (ago)."
)
@click.option("--to", "end", metavar="TIME", default="now", show_default=True, help="Where it ends.")
@click.option("--loki", "loki_url", metavar="URL", help="Where Loki is; LOKI_URL when left out.")
@click.option("--selector", default=_ACCESS, show_default=True, help="Which lines are of load balancers.")
@click.option("--region", help="Where X-Ray is asked; when left out, in the region of each line.")
@click.option("--endpoint-url", metavar="URL", help="Another address of X-Ray's API.")
@click.option("--sample", type=int, default=500, show_default=True, help="How many ids are looked up at most.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--record", is_flag=True, help="Also write the result to Loki, where the Pipeline health board reads it.")
def command(
    start: str,
    end: str,
    loki_url: str | None,
    selector: str,
    region: str | None,
    endpoint_url: str | None,
    sample: int,
    as_json: bool,
    record: bool,
) -> int:
    """Say how many requests have a trace in X-Ray.

    Takes a sample of the lines in Loki, evenly over time and load balancers, looks its trace ids up in X-Ray and says of each load balancer
    how many are there, and why others are not.
    """
    span = _span(start, end)
    from xray_grafana.alb.report import rows_of
    from xray_grafana.alb.samples import SAMPLES_MAX, take_samples
    from xray_grafana.alb.traces import calls_for, dollars_for, known_traces, xray_client
    from xray_grafana.push.client import PushClient
    from xray_grafana.push.settings import settings_from

    if not 1 <= sample <= SAMPLES_MAX:
        raise UsageError(f"--sample: got {sample}, expected a number from 1 to {SAMPLES_MAX}")
    _check_selector(selector)
    with PushClient(settings_from(loki_url, os.environ)) as loki:
        samples = take_samples(loki, selector, span, sample)
        if not samples:
            raise _no_ids(selector)
        ids = _ids_by_region(samples, region)
        count = len(samples)
        most = f"{dollars_for(count):.4f} USD"
        note(f"looking up {counted(count, 'trace id')} in X-Ray by {counted(calls_for(ids), 'call')}, for at most {most}")
        known = known_traces(lambda place: xray_client(place, endpoint_url), ids)
        now_ns = time.time_ns()
        rows = rows_of(samples, known, now_ns)
        _show(rows, span, as_json=as_json)
        if record:
            _record(loki, rows, now_ns)
    return 0


def _span(start: str, end: str) -> Span:
    from xray_grafana.alb.samples import Span
    from xray_grafana.cli.alb.moments import moment_of

    now = datetime.now(UTC)
    span = Span(_nanoseconds(moment_of("--from", start, now)), _nanoseconds(moment_of("--to", end, now)))
    if span.start_ns >= span.end_ns:
        raise UsageError(f"--from {start} does not lie before --to {end}", hint="times without a zone are UTC; 6h means six hours ago")
    return span


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * _NANOS_PER_MICRO


def _check_selector(selector: str) -> None:
    from xray_grafana.loki.selector import parse_selector

    try:
        parse_selector(selector)
    except XRayGrafanaError as error:
        raise UsageError(f"--selector: {error.summary}", hint=f"write a LogQL stream selector such as {_ACCESS}") from error


def _no_ids(selector: str) -> XRayGrafanaError:
    name = contract.METADATA_TRACE_ID
    hint = f"look at --from, --to and --selector; the shipper writes {name} as structured metadata, other tools may not"
    return XRayGrafanaError(f"Loki has no line of {selector} with a {name} in that time", hint=hint)


def _ids_by_region(samples: list[Sample], region: str | None) -> dict[str | None, set[str]]:
    ids: dict[str | None, set[str]] = {}
    for sample in samples:
        ids.setdefault(region or sample.region, set()).add(sample.trace_id.xray)
    return ids


def _show(rows: list[Row], span: Span, *, as_json: bool) -> None:
    from xray_grafana.alb.report import total_of

    total = total_of(rows)
    if as_json:
        times = {"from": _shown_time(span.start_ns), "to": _shown_time(span.end_ns)}
        say(json.dumps({**times, "load_balancers": [_as_data(row) for row in rows], "total": _as_data(total)}, indent=2))
        return
    for line in _table([*rows, total] if len(rows) > 1 else rows):
        say(line)


def _shown_time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _as_data(row: Row) -> dict[str, Any]:
    from xray_grafana.alb.report import Reason

    return {
        contract.LABEL_LOAD_BALANCER: row.load_balancer,
        contract.SHIPPER_REPORT_CHECKED: row.checked,
        contract.SHIPPER_REPORT_FOUND: row.found,
        "share": row.share,
        "missing": {reason.key: row.missing.get(reason, 0) for reason in Reason},
        "unprocessed": row.unprocessed,
    }


def _table(rows: list[Row]) -> list[str]:
    """One line for each load balancer; below it why ids are missing, in words."""
    from xray_grafana.alb.fields import printable

    names = [printable(row.load_balancer) for row in rows]
    width = max(map(len, ["load balancer", *names]))
    lines = [said(f"{'load balancer':{width}}  checked  found  share", "bold")]
    for name, row in zip(names, rows, strict=True):
        share = "" if row.share is None else f"{row.share:.1%}"
        lines.append(f"{name:{width}}  {row.checked:7,}  {row.found:5,}  {share:>6}".rstrip())
        lines += [f"  {count:7,} {reason.words}" for reason, count in row.missing.items()]
        if row.unprocessed:
            lines.append(f"  {row.unprocessed:7,} not checked: X-Ray left them undone however often it was asked")
    return lines


def _record(loki: PushClient, rows: list[Row], now_ns: int) -> None:
    from xray_grafana.alb.report import logfmt_of
    from xray_grafana.push.deliver import Deliverer
    from xray_grafana.push.encode import Entry, EntryBatch, labels_text

    stream = labels_text({contract.LABEL_SERVICE: contract.SHIPPER_SERVICE})
    delivery = Deliverer(loki).deliver(EntryBatch(stream, tuple(Entry(now_ns, logfmt_of(row).encode()) for row in rows)))
    if delivery.rejected:
        refusal = delivery.refusals[0]
        raise LokiError(f"Loki refused {counted(delivery.rejected, 'line')} of the report: {refusal.example}", where=loki.settings.url)
    note(f"wrote {counted(len(rows), 'line')} to {stream}")
