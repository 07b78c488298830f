"""`xray-grafana alb ship`: log objects to Loki, once, and what became of their lines."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from xray_grafana.cli.alb.options import shipping_options
from xray_grafana.cli.alb.waits import WaitNotes
from xray_grafana.cli.options import FILE
from xray_grafana.cli.output import counted, note, noted, say
from xray_grafana.errors import LokiError, SourceError, UsageError, XRayGrafanaError

if TYPE_CHECKING:
    from xray_grafana.alb.ship import Outcome
    from xray_grafana.alb.sources import Source
    from xray_grafana.alb.streams import Services
    from xray_grafana.alb.totals import Totals
    from xray_grafana.push.refusals import Refusal

_FAILED: Final = 1
_INTERRUPTED: Final = 130
_SHOWN_MAX: Final = 10
_BACKFILL: Final = "--backfill has a Loki newer than 3.7 take old lines; up to 3.7 raise reject_old_samples_max_age or max_chunk_age there"
_BACKFILL_UNKNOWN: Final = "this Loki knows no backfill: raise reject_old_samples_max_age, or max_chunk_age for what is behind its stream"
_PROGRESS_SECONDS: Final = 0.25
_COLUMNS: Final = 80  # of a terminal that does not say it
_STDIN: Final = "-"
_MEBIBYTE: Final = 1024 * 1024


@dataclass(slots=True)
class _Run:
    """What a run has come to: objects that failed, with the reason, and entries that Loki refused.

    gave_up  it ended early, and not because somebody told it to
    """

    failed: list[XRayGrafanaError] = field(default_factory=list)
    damaged: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    gave_up: bool = False


@click.command("ship")
@click.argument("names", metavar="SOURCE...", nargs=-1, required=True)
@shipping_options
@click.option(
    "--service", "services", metavar="RESOURCE=NAME", multiple=True, help="Name of a service by app/NAME or targetgroup/NAME. Repeatable."
)
@click.option(
    "--service-tag",
    metavar="KEY",
    help="AWS tag of target groups and load balancers that names the service; ALB_SERVICE_TAG if not given.",
)
@click.option("--backfill", is_flag=True, help="Old logs: have Loki take lines that are far behind what it has.")
@click.option(
    "--checkpoint", type=FILE, help="The file that remembers how far each object is shipped. [default: in ~/.local/state/xray-grafana]"
)
@click.option("--again", is_flag=True, help="Ship from the beginning, whatever was shipped before.")
@click.option("--endpoint-url", metavar="URL", help="Another address of S3, such as a VPC endpoint.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    names: tuple[str, ...],
    loki_url: str | None,
    tenant: str | None,
    services: tuple[str, ...],
    service_tag: str | None,
    backfill: bool,
    checkpoint: Path | None,
    again: bool,
    concurrency: int,
    timestamp: Any,
    endpoint_url: str | None,
    as_json: bool,
) -> int:
    """Send access logs of load balancers to Loki, once.

    SOURCE is a file, a folder, s3://BUCKET/KEY, s3://BUCKET/PREFIX/ or - for standard input; gzip or not. A run that was interrupted goes
    on where it was when it is started again, and what was shipped before is not shipped twice.

    Exits with 1 when a line was rejected, or an object could not be read or shipped whole.
    """
    from xray_grafana.alb.assemble import assembled
    from xray_grafana.alb.ending import ending_on_signals

    stop = threading.Event()
    run = _Run()
    screen = _Screen(sys.stderr)
    with assembled(
        loki_url,
        tenant,
        os.environ,
        stop=stop,
        on_wait=WaitNotes(screen.note),
        say=lambda _: None,
        note=screen.note,
        checkpoint_file=None if again else checkpoint or _state_file(),
        services=_services(services),
        service_tag=service_tag,
        timestamp=timestamp,
    ) as assembly:
        totals = assembly.reporter.totals
        began = time.monotonic()

        @cache
        def s3() -> Any:
            from xray_grafana.alb.clients import s3_client

            return s3_client(threads=concurrency, endpoint_url=endpoint_url)

        def on_lines(lines: int) -> None:
            screen.show(lines, totals)

        def ship(source: Source) -> Outcome:
            try:
                return assembly.shipper.ship(source, 0, stop.is_set, backfill, on_lines, assembly.reporter)
            except XRayGrafanaError:
                raise
            except Exception as error:
                screen.note(traceback.format_exc().rstrip())
                raise SourceError("this is a fault of the program, please report it with the lines above", where=source.name) from error

        with ending_on_signals(stop, screen.note):
            for result in _in_threads(ship, _sources(names, s3), concurrency, stop):
                _note_result(result, run, assembly.reporter, stop)
        screen.clear()
        seconds = time.monotonic() - began
    _show(run, totals, seconds, backfill=backfill, as_json=as_json)
    if stop.is_set() and not run.gave_up:
        is_remembered = not again and _STDIN not in names
        note("interrupted; start it again to go on where it was" if is_remembered else "interrupted; how far it was is not remembered")
        return _INTERRUPTED
    return _FAILED if run.failed or run.damaged or totals.counts.rejected else 0


def _sources(names: tuple[str, ...], s3: Callable[[], Any]) -> Iterator[Source | SourceError]:
    """What the names stand for, each object once; a name that stands for nothing does not keep the others back."""
    from xray_grafana.alb.sources import find_sources

    seen: set[str] = set()
    for name in names:
        try:
            for source in find_sources(name, s3):
                identity = source.identity or source.name
                if identity not in seen:
                    seen.add(identity)
                    yield source
        except SourceError as error:
            yield error


def _in_threads(
    ship: Callable[[Source], Outcome], sources: Iterable[Source | SourceError], concurrency: int, stop: threading.Event
) -> Iterator[Outcome | XRayGrafanaError]:
    """What became of each source, as soon as it is known. No more sources are taken than there are threads."""
    with ThreadPoolExecutor(concurrency, "object") as pool:
        running: set[Future[Outcome]] = set()
        try:
            for source in sources:
                if isinstance(source, SourceError):
                    yield source
                    continue
                running.add(pool.submit(ship, source))
                if len(running) >= concurrency:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from map(_result, done)
                if stop.is_set():
                    break
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from map(_result, done)
        except BaseException:
            stop.set()  # else the pool would wait until all the others are shipped whole
            raise


def _result(done: Future[Outcome]) -> Outcome | XRayGrafanaError:
    try:
        return done.result()
    except XRayGrafanaError as error:
        return error


def _note_result(result: Outcome | XRayGrafanaError, run: _Run, reporter: Any, stop: threading.Event) -> None:
    if isinstance(result, SourceError):
        reporter.totals.add_failure()
        run.failed.append(result)
        return
    if isinstance(result, XRayGrafanaError):
        # What was stopped did not fail, and what meets the same Loki as the first that failed is no news.
        if not (isinstance(result, LokiError) and (result.stopped or run.gave_up)):
            reporter.totals.add_failure()
            run.failed.append(result)
            run.gave_up = True
        stop.set()
        return
    reporter(result)
    if result.damage is not None:
        run.damaged.append((result.name, result.damage))
    run.refusals += result.refusals


def _services(texts: tuple[str, ...]) -> Services | None:
    """Services by `--service`; None to take them from the environment. Raises UsageError."""
    from xray_grafana.alb.streams import Services

    names = {}
    for text in texts:
        resource, _, name = text.partition("=")
        if not resource.startswith(("app/", "net/", "targetgroup/")) or not name:
            raise UsageError(
                f"--service takes RESOURCE=NAME, got {text!r}", hint="write app/shop-front=storefront or targetgroup/checkout=checkout"
            )
        names[resource] = name
    return Services(names) if names else None


def _state_file() -> Path:
    """Where programs keep their state: https://specifications.freedesktop.org/basedir/latest."""
    home = os.environ.get("XDG_STATE_HOME")
    try:
        return (Path(home) if home else Path.home() / ".local" / "state") / "xray-grafana" / "shipped.db"
    except RuntimeError as error:  # of a user that the machine does not know
        raise UsageError("there is no home folder to remember in what was shipped", hint="name a file: --checkpoint FILE") from error


class _Screen:
    """Standard error: notes, and on a terminal, below them, one line that says how far it is. For any thread."""

    def __init__(self, stream: TextIO | None) -> None:
        is_terminal = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
        self._terminal = stream if is_terminal else None
        self._began = self._last = time.monotonic()
        self._lock = threading.Lock()
        self._lines = 0

    def note(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            self._write("")
            note(text)

    def show(self, lines: int, totals: Totals) -> None:
        """Says now and then how far it is; `lines` more are shipped."""
        with self._lock:
            self._lines += lines
            now = time.monotonic()
            if now - self._last >= _PROGRESS_SECONDS:
                self._last = now
                rate = self._lines / (now - self._began)
                self._write(f"{counted(sum(totals.objects.values()), 'object')} done, {self._lines:,} lines, {rate:,.0f} lines/s")

    def clear(self) -> None:
        """Takes the line away."""
        with self._lock:
            self._write("")

    def _write(self, text: str) -> None:
        if self._terminal is not None:
            with suppress(OSError):  # it may be gone
                columns = os.get_terminal_size(self._terminal.fileno()).columns or _COLUMNS
                self._terminal.write(f"\r\x1b[K{text[: columns - 1]}")
                self._terminal.flush()


def _show(run: _Run, totals: Totals, seconds: float, *, backfill: bool, as_json: bool) -> None:
    from xray_grafana.push.refusals import merged

    refusals = merged(run.refusals, totals.counts.rejected)
    if as_json:
        result = {
            "objects": {**totals.objects, "failed": totals.failures},
            "lines": asdict(totals.counts),
            "read_bytes": totals.read_bytes,
            "sent_bytes": totals.sent_bytes,
            "pushes": totals.pushes,
            "retries": totals.retries,
            "seconds": round(seconds, 3),
            "refused": [asdict(refusal) for refusal in refusals],
            "damaged": [{"object": name, "damage": damage} for name, damage in run.damaged],
            "failed": [{"object": error.where, "error": error.summary, "hint": error.hint} for error in run.failed],
        }
        say(json.dumps(result, indent=2))
        return
    counts = totals.counts
    objects = ", ".join(f"{count} {kind}" for kind, count in {**totals.objects, "failed": totals.failures}.items() if count)
    rate = counts.read / seconds if seconds else 0.0
    say(f"{objects or 'no object'} in {seconds:.1f} s")
    say(f"  {counts.read:,} lines read, {totals.read_bytes / _MEBIBYTE:,.1f} MiB, {rate:,.0f} lines/s")
    for name in ("shipped", "rejected", "unreadable", "skipped"):
        say(f"  {getattr(counts, name):>12,} {name}")
    for refusal in refusals:
        note(f"{noted('rejected:', 'red')} {refusal.count:,} {refusal.reason.replace('_', ' ')}: {refusal.example}")
        if refusal.reason in {"too_old", "too_far_behind"}:
            note(f"  hint: {_BACKFILL_UNKNOWN if backfill else _BACKFILL}, and ship them again")
    for name, damage in run.damaged[:_SHOWN_MAX]:
        note(f"{noted('damaged:', 'yellow')} {name}: {damage}; the lines in front of that are shipped")
    for error in run.failed[:_SHOWN_MAX]:
        note(f"{noted('error:', 'red')} {error}")
    if (more := max(0, len(run.failed) - _SHOWN_MAX) + max(0, len(run.damaged) - _SHOWN_MAX)) > 0:
        note(f"and {more} more")
