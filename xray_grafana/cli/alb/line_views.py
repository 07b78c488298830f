"""Records of log lines as text: a table for people, JSON, logfmt or CSV for programs.

What a client sent stands in these lines, so no view writes a character that would steer a terminal.
"""

from __future__ import annotations

import csv
import io
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final
from unicodedata import east_asian_width

from xray_grafana.alb.fields import printable
from xray_grafana.alb.keys import LogType
from xray_grafana.alb.lines import status_level
from xray_grafana.alb.logfmt import logfmt
from xray_grafana.alb.records import Record, Value, field_names
from xray_grafana.cli.output import Style, said
from xray_grafana.errors import UsageError

_ADDRESS: Final = re.compile(r"[a-z]+://[^/]*(?=/)")
_LEVEL_STYLES: Final[dict[str, Style]] = {"error": "red", "warn": "yellow"}
_TIME_START: Final = len("2026-01-31T")
_TIME_END: Final = len("2026-01-31T23:59:59.123")
_SECONDS_WIDTH: Final = len("12.345s")
_TRACE_WIDTH: Final = 35
# From here on the date has room beside a request.
_WIDE: Final = 100


class View(ABC):
    """Text of records, in the order they come."""

    @abstractmethod
    def lines(self, log_type: LogType, record: Record) -> Iterator[str]:
        """The output lines of one record, with what must stand above it."""


class JsonView(View):
    """One object a line."""

    def lines(self, log_type: LogType, record: Record) -> Iterator[str]:
        """The object."""
        del log_type
        yield json.dumps(record).replace("\x7f", "\\u007f")


class LogfmtView(View):
    """`name=value` pairs without those that have none; values with spaces in JSON's quotes."""

    def lines(self, log_type: LogType, record: Record) -> Iterator[str]:
        """The pairs."""
        del log_type
        yield _pairs(record)


class CsvView(View):
    """A header and a row for each record. Raises UsageError for two kinds of logs: their columns differ."""

    def __init__(self) -> None:
        self._log_type: LogType | None = None

    def lines(self, log_type: LogType, record: Record) -> Iterator[str]:
        """The row, the header above the first."""
        if self._log_type is None:
            self._log_type = log_type
            yield _row(list(field_names(log_type)))
        elif self._log_type != log_type:
            raise UsageError(
                f"--csv has one header, and these logs are of two kinds: {self._log_type} and {log_type}",
                hint="show them one by one, or with --json",
            )
        yield _row([printable(_plain(value)) for value in record.values()])


class TableView(View):
    """Columns. `width`: of the terminal; None: of no terminal, nothing is cut."""

    def __init__(self, width: int | None) -> None:
        self._width = width
        has_date = width is None or width >= _WIDE
        self._time = slice(0 if has_date else _TIME_START, _TIME_END)
        self._columns = f"{{:{_TIME_END - self._time.start}}} {{:>4}} {{:>{_SECONDS_WIDTH}}} {{:{_TRACE_WIDTH}}} {{}}"
        self._above: LogType | None = None

    def lines(self, log_type: LogType, record: Record) -> Iterator[str]:
        """A row, with the names of the columns above the first of its kind."""
        if log_type == "access":
            if self._above != log_type:
                yield said(self._cut(self._columns.format("time", "code", "target", "trace id", "request")), "bold")
            style = _LEVEL_STYLES.get(status_level(int(str(record["elb_status_code"]))))
            row = self._cut(self._access_row(record))
            yield said(row, style) if style else row
        else:
            yield self._cut(_pairs(record))
        self._above = log_type

    def _access_row(self, record: Record) -> str:
        seconds = record["target_processing_seconds"]
        row = self._columns.format(
            str(record["request_creation_time"])[self._time],
            record["elb_status_code"],
            "-" if seconds is None else f"{seconds:.3f}s",
            record["trace_id"] or "-",
            f"{record['method'] or '-'} {_path(_plain(record['url'])) or '-'}",
        )
        return printable(row)

    def _cut(self, text: str) -> str:
        """The beginning of a text that fits into the terminal, `…` for the rest."""
        if self._width is None or (text.isascii() and len(text) <= self._width):
            return text
        used = end = 0  # columns, and where the … would stand
        for index, character in enumerate(text):
            used += 2 if east_asian_width(character) in "WF" else 1
            if used > self._width:
                return f"{text[:end]}…"
            if used < self._width:
                end = index + 1
        return text


def _path(url: str) -> str:
    """The URL without what all of a balancer's have: scheme, host and port. A malformed one stays whole."""
    address = _ADDRESS.match(url)
    return url if address is None else url[address.end() :]


def _pairs(record: Record) -> str:
    return logfmt({name: _plain(value) for name, value in record.items() if value is not None and value != []})


def _plain(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return " ".join(value)
    return str(value)


def _row(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()
