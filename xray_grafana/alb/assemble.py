"""A shipper from what a command line or an environment says, with what it reports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Final, cast, get_args

from xray_grafana import contract
from xray_grafana.alb.checkpoint import KEPT_SECONDS, FileCheckpoint, NoCheckpoint
from xray_grafana.alb.lines import Timestamp
from xray_grafana.alb.memory import keep_memory
from xray_grafana.alb.ship import Outcome, Shipper
from xray_grafana.alb.streams import Services, Tags, parse_services
from xray_grafana.alb.totals import Totals, object_line
from xray_grafana.errors import LokiError, UsageError
from xray_grafana.push.client import PushClient
from xray_grafana.push.deliver import Deliverer
from xray_grafana.push.encode import Entry, EntryBatch, labels_text
from xray_grafana.push.settings import PushSettings, settings_from

# The shipper's own lines are worth a short wait, not a long one: for an answer, and until Loki takes one.
_REPORT_SECONDS: Final = 5.0


class Reporter:
    """Counts outcomes, says each as one line, and pushes that line to Loki, where the board Pipeline health reads it.

    A line that Loki does not take soon is said to `note` and lost, and so is, without a word, one that comes after the program was told to
    end: it is told by `say` already. The deliverer is to be one of short patience, whose pushes are short too.
    """

    def __init__(self, deliverer: Deliverer, say: Callable[[str], None], note: Callable[[str], None]) -> None:
        self.totals = Totals()
        self._deliverer = deliverer
        self._say = say
        self._note = note
        self._labels = labels_text({contract.LABEL_SERVICE: contract.SHIPPER_SERVICE})

    def __call__(self, outcome: Outcome) -> None:
        """Reports an outcome."""
        self.totals.add(outcome)
        line = object_line(outcome)
        self._say(line)
        if outcome.skipped_because is not None:
            return
        try:
            delivery = self._deliverer.deliver(EntryBatch(self._labels, (Entry(time.time_ns(), line.encode()),)))
        except LokiError as error:
            if not error.stopped:
                self._note(f"the line about {outcome.name} is not in Loki: {error.summary}")
        else:
            for refusal in delivery.refusals:
                self._note(f"the line about {outcome.name} is not in Loki: {refusal.example}")


@dataclass(frozen=True, slots=True)
class Assembly:
    """What a command works with."""

    settings: PushSettings
    shipper: Shipper
    reporter: Reporter


@contextmanager
def assembled(
    loki_url: str | None,
    tenant: str | None,
    environ: Mapping[str, str],
    *,
    stop: threading.Event,
    on_wait: Callable[[str, float], None],
    say: Callable[[str], None],
    note: Callable[[str], None],
    checkpoint_file: Path | None = None,
    kept_seconds: int = KEPT_SECONDS,
    services: Services | None = None,
    service_tag: str | None = None,
    endpoint_url: str | None = None,
    timestamp: Timestamp | None = None,
) -> Iterator[Assembly]:
    """Everything from the address of Loki on. What is not given is taken from the environment. Raises UsageError.

    `endpoint_url` is another address of AWS, which is asked for nothing but the tags of `service_tag`.
    """
    settings = settings_from(loki_url, environ, tenant=tenant)
    if services is None:
        services = parse_services(environ.get(contract.SERVICES_VARIABLE) or "{}")
    if tag_key := service_tag or environ.get(contract.SERVICE_TAG_VARIABLE):
        services = replace(services, tags=_tags(tag_key, endpoint_url, note))
    chosen = timestamp or _timestamp(environ.get(contract.TIMESTAMP_VARIABLE) or "request_creation_time")
    keep_memory()
    with ExitStack() as stack:
        client = stack.enter_context(PushClient(settings))
        target = f"{settings.url} {settings.tenant or ''}".rstrip()
        checkpoint = (
            NoCheckpoint() if checkpoint_file is None else stack.enter_context(FileCheckpoint(checkpoint_file, target, kept_seconds))
        )
        shipper = Shipper(Deliverer(client, stop=stop, on_wait=on_wait), checkpoint, services, chosen)
        reports = stack.enter_context(PushClient(settings, timeout_seconds=_REPORT_SECONDS))
        yield Assembly(settings, shipper, Reporter(Deliverer(reports, patience_seconds=_REPORT_SECONDS, stop=stop), say, note))


def _timestamp(text: str) -> Timestamp:
    for known in get_args(Timestamp):
        if text == known:
            return cast("Timestamp", text)
    raise UsageError(f"got {text!r}, expected {' or '.join(get_args(Timestamp))}", where=contract.TIMESTAMP_VARIABLE)


def _tags(tag_key: str, endpoint_url: str | None, note: Callable[[str], None]) -> Tags:
    from xray_grafana.alb.clients import elb_client  # noqa: PLC0415 - boto3 is not needed for files
    from xray_grafana.alb.tags import ServiceTags  # noqa: PLC0415 - nor is botocore

    return ServiceTags(lru_cache(partial(elb_client, endpoint_url=endpoint_url)), tag_key, note)
