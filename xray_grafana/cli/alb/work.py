"""`xray-grafana alb work`: takes messages of a queue and ships what they tell of, for ever or until there are none."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path
from typing import Any, Final

import click

from xray_grafana.cli.alb.options import shipping_options
from xray_grafana.cli.alb.waits import WaitNotes
from xray_grafana.cli.options import FILE
from xray_grafana.cli.output import note, say

# A message comes back within minutes; what the worker remembers must not fill its volume.
_REMEMBERED_SECONDS: Final = 86_400


@click.command("work")
@click.option("--queue", "queue_url", metavar="URL", required=True, help="The SQS queue that gets S3's notifications.")
@shipping_options
@click.option("--metrics", metavar="HOST:PORT", help="Serve the counters there, in Prometheus' text form.")
@click.option("--checkpoint", type=FILE, help="A file that remembers how far each object is shipped.")
@click.option("--endpoint-url", metavar="URL", help="Another address of AWS, such as a VPC endpoint.")
@click.option("--drain", is_flag=True, help="End when the queue has no more messages.")
def command(
    queue_url: str,
    loki_url: str | None,
    tenant: str | None,
    concurrency: int,
    metrics: str | None,
    checkpoint: Path | None,
    timestamp: Any,
    endpoint_url: str | None,
    drain: bool,
) -> int:
    """Take messages of an SQS queue and ship the log objects they tell of to Loki.

    A message is deleted when all it tells of is in Loki. What fails comes back later, and goes to the queue's dead-letter queue, with the
    reason, when its tries are used up or no try can help. On SIGTERM what is in hand is finished or handed over.
    """
    from xray_grafana.alb.assemble import assembled
    from xray_grafana.alb.clients import s3_client, sqs_client
    from xray_grafana.alb.ending import ending_on_signals
    from xray_grafana.alb.metrics import serving
    from xray_grafana.alb.objects import object_ship
    from xray_grafana.alb.sqs import checked_queue_url, region_of_queue
    from xray_grafana.alb.worker import Worker

    checked_queue_url(queue_url)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # who reads a pipe, such as a log collector, is to have each line at once
    stop = threading.Event()
    s3 = s3_client(threads=concurrency, endpoint_url=endpoint_url)
    sqs = sqs_client(threads=concurrency, endpoint_url=endpoint_url, region=region_of_queue(queue_url))
    with (
        assembled(
            loki_url,
            tenant,
            os.environ,
            stop=stop,
            on_wait=WaitNotes(note),
            say=say,
            note=note,
            checkpoint_file=checkpoint,
            kept_seconds=_REMEMBERED_SECONDS,
            endpoint_url=endpoint_url,
            timestamp=timestamp,
        ) as assembly,
        serving(metrics, assembly.reporter.totals),
        ending_on_signals(stop, note),
    ):
        Worker(
            sqs,
            queue_url,
            object_ship(assembly.shipper, s3),
            stop=stop,
            report=assembly.reporter,
            failed=assembly.reporter.totals.add_failure,
            note=note,
            concurrency=concurrency,
            drain=drain,
        ).run()
    return 0
