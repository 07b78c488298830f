"""Old log objects to ship again: a place and a time in S3 in, messages, a manifest or a count out. Nothing is shipped here.

Load balancers write to `…AWSLogs/<account>/elasticloadbalancing/<region>/yyyy/mm/dd/`. Of such folders only the days that can hold the time
are listed, one after the other, so that memory holds the keys of a day. What lies elsewhere is listed in whole.
"""

from __future__ import annotations

import csv
import os
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from xray_grafana.alb.aws_errors import AWS_ERRORS, source_error
from xray_grafana.alb.events import ObjectRef
from xray_grafana.alb.handover import object_body
from xray_grafana.alb.keys import LogKey, LogType, classify_key
from xray_grafana.alb.sqs import BATCH_MAX, Queue
from xray_grafana.errors import OutputError, SourceError, UsageError

_ROOT: Final = "AWSLogs/"
_SERVICE: Final = "elasticloadbalancing"
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
# Folders below AWSLogs: account, service, region, year, month, day.
_YEAR_AT: Final = 3
_DAY_DEPTH: Final = 6
# So deep AWSLogs is looked for below the place that was given.
_SEARCH_DEPTH: Final = 3
# No document says in which day's folder the file lies that ends at midnight.
_MARGIN: Final = timedelta(hours=1)
_SEND_TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects: below a prefix, of five minutes that end in [start, end). No accounts or regions: all."""

    bucket: str
    prefix: str
    start: datetime
    end: datetime
    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """A log object, and what its key says."""

    ref: ObjectRef
    log_type: LogType
    end_time: datetime


@dataclass(slots=True)
class Tally:
    """Objects and their bytes as stored, by day (of the end time) and type. `reached`: all that ended before is in it."""

    objects: Counter[tuple[str, LogType]] = field(default_factory=Counter)
    size_bytes: Counter[tuple[str, LogType]] = field(default_factory=Counter)
    reached: datetime | None = None

    def add(self, found: Found) -> None:
        """Counts an object."""
        key = found.end_time.date().isoformat(), found.log_type
        self.objects[key] += 1
        self.size_bytes[key] += found.ref.size_bytes or 0
        self.reached = found.end_time


def parse_place(text: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix`. Raises UsageError."""
    matched = re.fullmatch(r"s3://([^/]+)(?:/(.*))?", text, re.DOTALL)
    if matched is None:
        raise UsageError(f"got {text!r}, expected s3://BUCKET/PREFIX", hint="such as s3://shop-alb-logs/alb/prod")
    return matched[1], matched[2] or ""


class Listing:
    """The log objects of a selection. `skipped` counts the keys seen that name no log."""

    def __init__(self, client: Any, selection: Selection) -> None:
        self._client = client
        self._selection = selection
        self._first_day = _folder_of(_shifted(selection.start, -_MARGIN))
        self._last_day = _folder_of(_shifted(selection.end, _MARGIN))
        self.skipped = 0

    def __iter__(self) -> Iterator[Found]:
        """In the order of their end times, those of one folder's day after those of the day before. Raises SourceError."""
        loose: defaultdict[str, list[Found]] = defaultdict(list)
        folders: defaultdict[str, list[str]] = defaultdict(list)
        for day, prefix in self._walk(self._selection.prefix, 0, loose):
            folders[day].append(prefix)
        for day in sorted(folders.keys() | loose.keys()):
            found = loose.pop(day, [])
            for prefix in folders[day]:
                for page in self._pages(prefix):
                    found += self._logs(page)
            yield from sorted(found, key=lambda each: (each.end_time, each.ref.key))

    def _walk(self, prefix: str, depth: int, loose: dict[str, list[Found]]) -> Iterator[tuple[str, str]]:
        """The folders of days, each with its day. What lies beside them is put into `loose` by the day it ended."""
        parts = _parts_below_root(prefix)
        if parts is not None and len(parts) >= _DAY_DEPTH:
            yield "/".join(parts[_YEAR_AT:_DAY_DEPTH]), prefix
            return
        is_deep = parts is None and depth > _SEARCH_DEPTH
        for page in self._pages(prefix, **({} if is_deep else {"Delimiter": "/"})):
            for found in self._logs(page):
                loose[_folder_of(found.end_time)].append(found)
            for each in page.get("CommonPrefixes", ()):
                if self._may_hold(_parts_below_root(each["Prefix"])):
                    yield from self._walk(each["Prefix"], depth + 1, loose)

    def _may_hold(self, parts: Sequence[str] | None) -> bool:
        """Whether a folder can hold a log of the selection; `parts` as `_parts_below_root` gives them."""
        if not parts:
            return True
        account, service, region = (*parts[:_YEAR_AT], None, None)[:_YEAR_AT]
        day = "/".join(parts[_YEAR_AT:])
        return (
            _ACCOUNT.fullmatch(account or "") is not None
            and _wanted(account, self._selection.accounts)
            and service in {None, _SERVICE}
            and (region is None or _wanted(region, self._selection.regions))
            and self._first_day[: len(day)] <= day <= self._last_day[: len(day)]
        )

    def _logs(self, page: Mapping[str, Any]) -> Iterator[Found]:
        selection = self._selection
        for each in page.get("Contents", ()):
            name = classify_key(each["Key"])
            if not isinstance(name, LogKey) or name.end_time is None:
                self.skipped += 1
            elif (
                selection.start <= name.end_time < selection.end
                and _wanted(name.account, selection.accounts)
                and _wanted(name.region, selection.regions)
            ):
                ref = ObjectRef(selection.bucket, each["Key"], None, each["ETag"].strip('"'), each["Size"], backfill=True)
                yield Found(ref, name.log_type, name.end_time)

    def _pages(self, prefix: str, **more: str) -> Iterator[Mapping[str, Any]]:
        try:
            yield from self._client.get_paginator("list_objects_v2").paginate(Bucket=self._selection.bucket, Prefix=prefix, **more)
        except AWS_ERRORS as error:
            hint = "see the bucket's name, and that the credentials have s3:ListBucket on it"
            raise source_error(error, "list the objects", f"s3://{self._selection.bucket}/{prefix}", hint) from error


def _shifted(moment: datetime, by: timedelta) -> datetime:
    """Stays in the calendar, which ends with the year 9999."""
    try:
        return (moment + by).astimezone(UTC)
    except OverflowError:
        return moment


def _folder_of(moment: datetime) -> str:
    return moment.date().isoformat().replace("-", "/")


def _wanted(name: str | None, names: frozenset[str]) -> bool:
    return not names or name in names


def _parts_below_root(prefix: str) -> list[str] | None:
    """The whole folders below AWSLogs; None for a place that is not below one."""
    _, found, below = f"/{prefix}".rpartition(f"/{_ROOT}")
    return below.split("/")[:-1] if found else None


def enqueue(
    found: Iterable[Found], queue: Queue, tally: Tally, *, on_sent: Callable[[], None], sleep: Callable[[float], None] = time.sleep
) -> None:
    """Sends a message for each object, in their order. `tally` has, at any time, what was sent. Raises SourceError."""
    objects = iter(found)
    while batch := tuple(islice(objects, BATCH_MAX)):
        _send(queue, [object_body(each.ref) for each in batch], sleep)
        for each in batch:
            tally.add(each)
        on_sent()


def _send(queue: Queue, bodies: list[str], sleep: Callable[[float], None]) -> None:
    refused: Sequence[tuple[str, str]] = ()
    for pause in range(_SEND_TRIES):
        if pause:
            sleep(2.0 ** (pause - 1))
        refused = queue.send_all(bodies)
        if not refused:
            return
        bodies = [body for body, _ in refused]
    raise SourceError(f"SQS refused {len(refused)} messages of a batch {_SEND_TRIES} times: {refused[0][1]}")


def write_manifest(found: Iterable[Found], path: Path, tally: Tally) -> None:
    """Writes a manifest for S3 Batch Operations, `bucket,key` with the key URL-encoded, whole or not at all. Raises OutputError."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        staged = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii", newline="") as stream:
                rows = csv.writer(stream, lineterminator="\n")
                for each in found:
                    rows.writerow((each.ref.bucket, quote(each.ref.key)))
                    tally.add(each)
            staged.chmod(0o644)
            staged.replace(path)
        finally:
            with suppress(FileNotFoundError):
                staged.unlink()
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=str(path), hint="name another with --manifest") from error
