"""`xray-grafana alb parse`: log lines shown as they are understood."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from xray_grafana.cli.output import note, noted, say
from xray_grafana.errors import SourceError, UsageError

if TYPE_CHECKING:
    from xray_grafana.alb.keys import LogType
    from xray_grafana.alb.records import Record
    from xray_grafana.alb.sources import Source
    from xray_grafana.cli.alb.line_views import View
    from xray_grafana.xray.trace_id import TraceId

_STDIN: Final = "-"
# Longer than any line a load balancer writes, even one with the longest URL twice and every character of it escaped.
_LINE_MAX_BYTES: Final = 1024 * 1024
_NAMED_MAX: Final = 20
_S3: Final = "s3://"
_TEST_SENTENCE: Final = re.compile(rb"Enable [A-Za-z]+ for ELB: ")
_TEST_FILE: Final = "it is the file by which AWS tests whether it may write"


@click.command("parse")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with every field.")
@click.option("--logfmt", "as_logfmt", is_flag=True, help="One line of name=value pairs each.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.option("--trace", "trace", metavar="ID", help="Only requests of this trace: 1-8-24 hex digits as X-Ray writes it, or 32.")
def command(files: tuple[str, ...], as_json: bool, as_logfmt: bool, as_csv: bool, trace: str | None) -> int:
    """Show log lines, without any Loki.

    FILE is a log of an Application, Network or Classic Load Balancer, compressed or not; - is standard input. Its name says which kind of
    log it is, or else its first line. Times are UTC and those of the requests' arrival.

    Lines that cannot be read, and what is damaged, are named on stderr; all others are shown, and the exit code is 1.
    """
    if as_json + as_logfmt + as_csv > 1:
        raise UsageError("--json, --logfmt and --csv exclude each other")
    trace_id = None if trace is None else _trace_id(trace)
    for file in files:
        if file.startswith(_S3):
            raise UsageError("it is in S3, and this command reads files", where=file, hint=f"aws s3 cp {file} - | xray-grafana alb parse -")
    gc.enable()  # switched off for commands that end soon
    view = _view(as_json=as_json, as_logfmt=as_logfmt, as_csv=as_csv)
    tally = _Tally()
    failed = False
    for file in files:
        try:
            _show(file, view, trace_id, tally)
        except SourceError as error:
            _complain(str(error))
            failed = True
    if tally.unreadable:
        _complain(f"{tally.unreadable:,} of {tally.lines:,} lines could not be read")
    return 1 if failed or tally.unreadable else 0


@dataclass
class _Tally:
    """Lines of all files, and those of them that could not be read."""

    lines: int = 0
    unreadable: int = 0


def _show(file: str, view: View, trace_id: TraceId | None, tally: _Tally) -> None:
    """Prints the lines of a file. Raises SourceError when some or all of it cannot be read, after what can."""
    from xray_grafana.alb.keys import Refused, TestFile, classify_key

    key = classify_key(file)
    if isinstance(key, Refused):
        raise SourceError(f"it {key.reason}", where=_shown_name(file))
    if isinstance(key, TestFile):
        note(f"{_shown_name(file)}: skipped, {_TEST_FILE}")
        return
    needle = b"" if trace_id is None else trace_id.unique.encode()
    for log_type, record, trace_ids in _records(file, None if key is None else key.log_type, needle, tally):
        if trace_id is None or trace_id in trace_ids:
            for text in view.lines(log_type, record):
                say(text)


def _records(file: str, log_type: LogType | None, needle: bytes, tally: _Tally) -> Iterator[tuple[LogType, Record, tuple[TraceId, ...]]]:
    """The lines of a file that hold `needle`; those that cannot be read are named and counted."""
    from xray_grafana.alb.access import LineError
    from xray_grafana.alb.lines import guess_log_type

    name = _shown_name(file)
    unreadable_before = tally.unreadable
    for number, line in enumerate(_lines(_chunks(file)), 1):
        tally.lines += 1
        if line is not None and (not line or needle not in line):
            continue
        if log_type is None and line is not None:
            if _is_other_file(name, line):
                return
            log_type = guess_log_type(line)
        try:
            record, trace_ids = _read_record(log_type or "access", line)
        except LineError as error:
            tally.unreadable += 1
            _name_line(f"{name}:{number}: {error}", tally.unreadable - unreadable_before)
        else:
            yield log_type or "access", record, trace_ids


def _read_record(log_type: LogType, line: bytes | None) -> tuple[Record, tuple[TraceId, ...]]:
    from xray_grafana.alb.access import LineError
    from xray_grafana.alb.records import read_record

    if line is None:
        raise LineError("line", f"longer than {_LINE_MAX_BYTES:,} bytes", "")
    return read_record(log_type, line)


def _is_other_file(name: str, line: bytes) -> bool:
    """Whether a file whose name says nothing is AWS's test file. Raises SourceError for JSON, which CloudWatch Logs delivers."""
    if line.startswith(b"{"):
        raise SourceError("it is JSON, which is not read", where=name, hint="let the load balancer write its logs to S3 itself, as text")
    if _TEST_SENTENCE.match(line):
        note(f"{name}: skipped, {_TEST_FILE}")
        return True
    return False


def _name_line(text: str, count: int) -> None:
    if count <= _NAMED_MAX:
        note(text)
    elif count == _NAMED_MAX + 1:
        note("… and more of this file")


def _complain(text: str) -> None:
    note(f"{noted('error:', 'red')} {text}")


def _shown_name(file: str) -> str:
    from xray_grafana.alb.fields import printable

    return "standard input" if file == _STDIN else printable(file)


def _chunks(file: str) -> Iterator[bytes]:
    """The file's bytes as they were before compression. Raises SourceError, after what can be read."""
    from xray_grafana.alb.inflate import inflate

    try:
        yield from inflate(_source(file).open)
    except SourceError as error:
        raise SourceError(error.summary, where=_shown_name(file), hint=error.hint) from error
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=_shown_name(file)) from error


def _source(file: str) -> Source:
    from xray_grafana.alb.sources import FileSource, StdinSource

    if file != _STDIN:
        return FileSource(Path(file))
    if sys.stdin is None:  # whoever started the program closed it
        raise SourceError("it is closed")
    return StdinSource()


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """Lines without their newlines; None for one that is too long, of which nothing is kept."""
    rest = b""
    is_too_long = False
    for chunk in chunks:
        *ends, last = chunk.split(b"\n")
        if ends:
            yield None if is_too_long else rest + ends[0]
            yield from ends[1:]
            rest, is_too_long = last, False
        elif not is_too_long:
            rest += last
        if len(rest) > _LINE_MAX_BYTES:
            rest, is_too_long = b"", True
    if rest or is_too_long:
        yield None if is_too_long else rest


def _trace_id(text: str) -> TraceId:
    from xray_grafana.xray.trace_id import parse_trace_id

    found = parse_trace_id(text)
    if found is None:
        raise UsageError(
            f"--trace: {text!r} is no trace id",
            hint="write 1-5759e988-bd862e3fe1be46a994272793 or 5759e988bd862e3fe1be46a994272793, in lower case",
        )
    return found


def _view(*, as_json: bool, as_logfmt: bool, as_csv: bool) -> View:
    from xray_grafana.cli.alb.line_views import CsvView, JsonView, LogfmtView, TableView

    if as_json:
        return JsonView()
    if as_logfmt:
        return LogfmtView()
    if as_csv:
        return CsvView()
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return TableView(_terminal_width() if is_terminal else None)


def _terminal_width() -> int:
    from shutil import get_terminal_size

    return get_terminal_size().columns
