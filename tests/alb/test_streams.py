"""The labels of a stream: from the object's name where it says them, else from the line."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.alb.lines import KEY
from xray_grafana.alb.keys import LogKey, classify_key
from xray_grafana.alb.streams import Services, Streams, parse_services
from xray_grafana.errors import UsageError

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/checkout/943f017f100becff"
BALANCER = "app/shop-front/50dc6c495c0c9188"


def key_of(name: str) -> LogKey:
    key = classify_key(name)
    assert isinstance(key, LogKey)
    return key


def test_a_name_as_s3_has_it_says_every_label() -> None:
    streams = Streams(Services(), "access", key_of(KEY))

    assert (streams.by_load_balancer, streams.by_target_group) == (False, False)
    assert streams.labels() == (
        '{aws_account="123456789012", aws_region="eu-west-1", lb="app/shop-front/50dc6c495c0c9188", log_type="access", '
        'service_name="shop-front"}'
    )


def test_what_the_name_says_is_not_taken_from_the_line() -> None:
    streams = Streams(Services(), "access", key_of(KEY))

    assert streams.labels("app/other/0000000000000000", "arn:aws:elasticloadbalancing:us-east-1:999988887777:targetgroup/x/1") == (
        streams.labels()
    )


def test_a_file_of_any_name_has_the_labels_of_its_lines() -> None:
    streams = Streams(Services(), "access", None)

    assert streams.by_load_balancer
    assert streams.labels(BALANCER, ARN) == (
        '{aws_account="123456789012", aws_region="eu-west-1", lb="app/shop-front/50dc6c495c0c9188", log_type="access", '
        'service_name="shop-front"}'
    )


@pytest.mark.parametrize("target_group", ["", "-", "arn:aws:elasticloadbalancing:eu-west-1:123456789012", "no:arn:at:all:of:it"])
def test_labels_that_nothing_says_are_left_out(target_group: str) -> None:
    assert Streams(Services(), "access", None).labels(BALANCER, target_group) == (
        '{lb="app/shop-front/50dc6c495c0c9188", log_type="access", service_name="shop-front"}'
    )


def test_a_line_that_says_nothing_has_its_kind() -> None:
    assert Streams(Services(), "clb", None).labels() == '{log_type="clb"}'


@pytest.mark.parametrize(
    ("name", "log_type", "balancer", "service"),
    [
        (
            "conn_log_123456789012_elasticloadbalancing_us-east-2_app.my-lb.1234567890abcdef_20220215T2340Z_172.160.1.192_20sg8hgm.log.gz",
            "connection",
            "app/my-lb/1234567890abcdef",
            "my-lb",
        ),
        (
            "123456789012_elasticloadbalancing_us-east-2_net.my-nlb.1234567890abcdef_20200501T0000Z_20sg8hgm.log.gz",
            "nlb",
            "net/my-nlb/1234567890abcdef",
            "my-nlb",
        ),
        (
            "123456789012_elasticloadbalancing_us-east-2_my-clb_20140215T2340Z_172.160.1.192_20sg8hgm.log",
            "clb",
            "my-clb",
            "my-clb",
        ),
    ],
)
def test_every_kind_of_load_balancer_has_its_own_name_for_a_service(name: str, log_type: str, balancer: str, service: str) -> None:
    key = key_of(name)

    assert Streams(Services(), key.log_type, key).labels() == (
        f'{{aws_account="123456789012", aws_region="us-east-2", lb="{balancer}", log_type="{log_type}", service_name="{service}"}}'
    )


@pytest.mark.parametrize(
    ("names", "service"),
    [
        ({}, "shop-front"),
        ({"app/shop-front": "storefront"}, "storefront"),
        ({"app/shop-front/50dc6c495c0c9188": "exactly", "app/shop-front": "storefront"}, "exactly"),
        ({"app/shop-front/ffffffffffffffff": "another"}, "shop-front"),
        ({"app/shop": "another"}, "shop-front"),
        ({"targetgroup/checkout": "checkout", "app/shop-front": "storefront"}, "checkout"),
        ({"targetgroup/checkout/943f017f100becff": "exactly", "targetgroup/checkout": "checkout"}, "exactly"),
        ({"targetgroup/search": "search", "app/shop-front": "storefront"}, "storefront"),
    ],
)
def test_the_target_group_names_the_service_before_the_load_balancer_and_an_id_before_a_name(names: dict[str, str], service: str) -> None:
    assert Services(names).name_of(BALANCER, ARN) == service


def test_lines_are_asked_for_their_target_group_only_when_one_has_a_service() -> None:
    assert not Streams(Services({"app/x": "x"}), "access", None).by_target_group
    assert Streams(Services({"app/x": "x", "targetgroup/y": "y"}), "access", None).by_target_group


def test_lines_are_asked_for_their_target_group_when_tags_name_services() -> None:
    assert Streams(Services(tags=Tags({})), "access", None).by_target_group


@dataclass
class Tags:
    """Services by the end of an ARN; notes what it is asked for."""

    services: dict[str, str]
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def name_of(self, arn: str) -> str | None:
        self.asked.append((arn,))
        return self.services.get(arn.rpartition(":")[2])

    def name_of_load_balancer(self, account: str, region: str, load_balancer: str) -> str | None:
        self.asked.append((account, region, load_balancer))
        return self.services.get(load_balancer)


@pytest.mark.parametrize("name", [KEY, None])
def test_account_and_region_of_a_load_balancer_come_from_the_objects_name_or_else_from_the_target_group(name: str | None) -> None:
    tags = Tags({BALANCER: "storefront"})
    labels = Streams(Services(tags=tags), "access", key_of(name) if name else None).labels(BALANCER, ARN)

    assert 'service_name="storefront"' in labels
    assert tags.asked == [(ARN,), ("123456789012", "eu-west-1", BALANCER)]


def test_tags_are_asked_for_once_for_each_stream_of_an_object() -> None:
    tags = Tags({"targetgroup/checkout/943f017f100becff": "checkout"})
    streams = Streams(Services(tags=tags), "access", key_of(KEY))

    assert {streams.labels(BALANCER, ARN) for _ in range(3)} == {streams.labels(BALANCER, ARN)}
    assert tags.asked == [(ARN,)]


def test_what_would_end_a_label_early_is_escaped() -> None:
    assert Streams(Services({"app/x": 'a "b" \\ c\nd'}), "access", None).labels("app/x") == (
        '{lb="app/x", log_type="access", service_name="a \\"b\\" \\\\ c\\nd"}'
    )


def test_services_are_read_as_the_bundle_writes_them() -> None:
    assert parse_services('{"app/shop-front": "storefront"}') == Services({"app/shop-front": "storefront"})
    assert parse_services("{}") == Services()


@pytest.mark.parametrize("text", ["", "app/x=y", '{"app/x": 1}', '["app/x"]', "null", '{"app/x": "y"', '{"app/x": null}', '{"app/x": ""}'])
def test_services_of_another_form_are_refused_with_the_variable_and_the_form(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_services(text)

    assert caught.value.where == "ALB_SERVICES"
    assert '{"app/shop-front": "storefront"' in str(caught.value)
