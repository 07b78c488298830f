"""`xray-grafana alb backfill`: old log objects of a place and a time into the worker's queue, a manifest, or a count."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xray_grafana.cli.alb.moments import moment_of
from xray_grafana.cli.options import FILE
from xray_grafana.cli.output import counted, note, say
from xray_grafana.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xray_grafana.alb.backfill import Listing, Selection, Tally


@click.command("backfill")
@click.argument("place", metavar="s3://BUCKET/PREFIX")
@click.option("--from", "start", metavar="TIME", required=True, help="Where the time begins: 2026-11-21T09:30Z, 2026-11-21, 6h (ago).")
@click.option("--to", "end", metavar="TIME", required=True, help="Where it ends.")
@click.option("--queue", "queue_url", metavar="URL", help="Send a message for each object to this SQS queue.")
@click.option("--manifest", type=FILE, help="Write a manifest for S3 Batch Operations instead.")
@click.option("--dry-run", is_flag=True, help="Only count objects and bytes, by day and type of log.")
@click.option("--account", "accounts", multiple=True, help="Only load balancers of this account. Repeatable.")
@click.option("--region", "regions", multiple=True, help="Only load balancers of this region. Repeatable.")
@click.option("--endpoint-url", metavar="URL", help="Another address of AWS, such as a VPC endpoint.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    place: str,
    start: str,
    end: str,
    queue_url: str | None,
    manifest: Path | None,
    dry_run: bool,
    accounts: tuple[str, ...],
    regions: tuple[str, ...],
    endpoint_url: str | None,
    as_json: bool,
) -> int:
    """Have old log objects shipped by those who ship the new ones.

    Objects are taken by the end time in their names, from --from up to, and without, --to. Of folders as load balancers write them only the
    days in question are listed. The messages go into the queue in the order of time.
    """
    if (queue_url is not None) + (manifest is not None) + dry_run != 1:
        raise UsageError("one of --queue, --manifest and --dry-run is needed, and only one", hint="--dry-run shows what there is")
    from xray_grafana.alb.backfill import Listing, Selection, Tally, enqueue, parse_place, write_manifest
    from xray_grafana.alb.clients import s3_client, sqs_client
    from xray_grafana.alb.sqs import Queue, checked_queue_url, region_of_queue

    selection = Selection(*parse_place(place), *_window(start, end), frozenset(accounts), frozenset(regions))
    listing = Listing(s3_client(endpoint_url=endpoint_url), selection)
    tally = Tally()
    if queue_url is not None:
        checked_queue_url(queue_url)
        sqs = sqs_client(endpoint_url=endpoint_url, region=region_of_queue(queue_url))
        with _resumable(tally), _progress(tally) as show:
            enqueue(listing, Queue(sqs, queue_url), tally, on_sent=show)
    elif manifest is not None:
        write_manifest(listing, manifest, tally)
    else:
        for found in listing:
            tally.add(found)
    _show(selection, tally, listing, queue_url or (str(manifest) if manifest else None), as_json=as_json)
    return 0


def _window(start: str, end: str) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    first, last = moment_of("--from", start, now), moment_of("--to", end, now)
    if first >= last:
        raise UsageError(f"--from {start} is not before --to {end}", hint="the time goes from --from up to, and without, --to")
    return first, last


@contextmanager
def _resumable(tally: Tally) -> Iterator[None]:
    """Says how far it came when it is broken off."""
    try:
        yield
    except (KeyboardInterrupt, SourceError):
        sent = counted(tally.objects.total(), "object")
        if tally.reached is None:
            note("broken off: nothing was sent")
        else:
            reached = f"{tally.reached:%Y-%m-%dT%H:%MZ}"
            note(f"broken off: {sent} sent, all that ended before {reached}; go on with --from {reached}")
        raise


@contextmanager
def _progress(tally: Tally) -> Iterator[Any]:
    """A line on a terminal that counts on."""
    terminal = sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None

    def show() -> None:
        if terminal is not None and tally.reached is not None:
            terminal.write(f"\r{tally.reached:%Y-%m-%d %H:%M}  {tally.objects.total():,} sent")
            terminal.flush()

    try:
        yield show
    finally:
        if terminal is not None:
            terminal.write("\r\x1b[K")


def _show(selection: Selection, tally: Tally, listing: Listing, target: str | None, *, as_json: bool) -> None:
    rows = [(day, log_type, count, tally.size_bytes[day, log_type]) for (day, log_type), count in sorted(tally.objects.items())]
    total, size = tally.objects.total(), tally.size_bytes.total()
    if as_json:
        result = {
            "place": f"s3://{selection.bucket}/{selection.prefix}",
            "from": selection.start.isoformat(),
            "to": selection.end.isoformat(),
            "target": target,
            "days": [{"day": day, "log_type": log_type, "objects": count, "bytes": number} for day, log_type, count, number in rows],
            "objects": total,
            "bytes": size,
            "skipped": listing.skipped,
        }
        say(json.dumps(result, indent=2))
        return
    for cells in [("day", "log type", "objects", "size"), *((day, kind, f"{count:,}", _size(number)) for day, kind, count, number in rows)]:
        say("{:10}  {:12}  {:>10}  {:>10}".format(*cells))
    where = f" → {target}" if target is not None else ""
    say(f"{counted(total, 'object')}, {_size(size)}{where}")
    if listing.skipped:
        note(f"{counted(listing.skipped, 'object')} passed over: no logs of load balancers by their names")


def _size(number: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:  # noqa: PLR2004 - the step between the units
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"
