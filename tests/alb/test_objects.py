"""What is left of an object of S3 when the shipper stops in the middle, and what it is read with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alb.lines import access_lines
from tests.alb.s3_fake import BUCKET, KEY, Break, S3Fake
from tests.alb.shipping import Shop, stop_after, text_of
from tests.push.loki_fake import LokiFake
from tests.push.loki_store import NO_LIMITS
from xray_grafana.alb.clients import s3_client, sqs_client
from xray_grafana.alb.events import ObjectRef
from xray_grafana.alb.message import Part
from xray_grafana.alb.objects import object_ship
from xray_grafana.alb.ship import never
from xray_grafana.errors import SourceError

pytestmark = pytest.mark.enable_socket

# More than one block.
LINES = list(access_lines(8000))
REF = ObjectRef(BUCKET, KEY)


@pytest.fixture
def s3() -> Iterator[S3Fake]:
    with S3Fake(text_of(LINES)) as fake:
        yield fake


@pytest.fixture
def shop() -> Iterator[Shop]:
    with LokiFake(NO_LIMITS) as loki:
        yield Shop(loki)


def test_the_rest_of_an_object_names_the_bytes_that_its_beginning_was_of(s3: S3Fake, shop: Shop) -> None:
    """S3's own messages say which; one that a person wrote need not."""
    with shop.shipper() as shipper:
        ship = object_ship(shipper, s3.client)
        part = ship(REF, stop_after(1), lambda _: None)
        assert part.rest == ObjectRef(BUCKET, KEY, etag=s3.etag.strip('"'), offset=part.outcome.offset)
        assert 0 < part.rest.offset < len(s3.body)

        s3.body = s3.body.replace(b"https", b"http ")
        with pytest.raises(SourceError) as refused:
            ship(part.rest, never, lambda _: None)
    assert refused.value.permanent
    assert refused.value.hint == "it was written anew; ship it again"


def test_an_object_that_broke_off_tells_where_and_of_which_bytes(s3: S3Fake, shop: Shop) -> None:
    asked_for_its_etag = Break(0)
    s3.script([asked_for_its_etag, Break(2_500_000, resets=False), Break(0, resets=False)])
    parts: list[Part] = []
    with shop.shipper() as shipper, pytest.raises(SourceError):
        object_ship(shipper, s3.client)(REF, never, parts.append)
    [part] = parts
    assert part.rest.etag == s3.etag.strip('"')
    assert 0 < part.rest.offset == part.outcome.offset


def test_a_version_needs_no_etag_and_what_was_not_read_gets_none(s3: S3Fake, shop: Shop) -> None:
    with shop.shipper() as shipper:
        ship = object_ship(shipper, s3.client)
        version = ObjectRef(BUCKET, KEY, version_id="v1")
        part = ship(version, stop_after(1), lambda _: None)
        assert (part.rest.version_id, part.rest.etag) == ("v1", None)
        test_file = ObjectRef(BUCKET, "AWSLogs/123456789012/ELBAccessLogTestFile")
        s3.requests.clear()
        assert ship(test_file, never, lambda _: None).rest == test_file
    assert s3.requests == []


def test_s3_may_be_silent_for_ten_seconds_and_sqs_for_longer_than_a_poll() -> None:
    """So that a worker or a function that is told to end can do so in time."""
    for client, seconds in ((s3_client(), 10), (sqs_client(region="eu-west-1"), 60)):
        assert client.meta.config.read_timeout == seconds
        client.close()
