"""What names of log objects say."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alb.lines import KEY
from xray_grafana.alb import keys
from xray_grafana.alb.keys import KEY_PATTERNS, KeyPattern, LogKey, Refused, classify_key

FOLDER = "AWSLogs/123456789012/elasticloadbalancing/us-east-2/2022/05/01"
ALB_NAME = "123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20220215T2340Z_172.160.1.192_20sg8hgm.log.gz"
NLB_NAME = "123456789012_elasticloadbalancing_us-east-2_net.my-loadbalancer.1234567890abcdef_20200501T0000Z_20sg8hgm.log.gz"
CLB_NAME = "123456789012_elasticloadbalancing_us-west-2_my-loadbalancer_20140215T2340Z_172.160.1.192_20sg8hgm.log"
GWLB_NAME = "123456789012_elasticloadbalancing_us-east-2_gwy.my-loadbalancer.1234567890abcdef_20220215T2340Z_20sg8hgm.log.gz"


def log_key(key: str) -> LogKey:
    found = classify_key(key)
    assert isinstance(found, LogKey)
    return found


def test_an_access_logs_key_says_everything() -> None:
    assert classify_key(f"logs/alb/{FOLDER}/{ALB_NAME}") == LogKey(
        "access",
        "123456789012",
        "us-east-2",
        "app/my-loadbalancer/1234567890abcdef",
        datetime(2022, 2, 15, 23, 40, tzinfo=UTC),
        "172.160.1.192",
        "logs/alb",
    )


def test_a_network_load_balancers_key_has_no_node() -> None:
    assert classify_key(f"{FOLDER}/{NLB_NAME}") == LogKey(
        "nlb", "123456789012", "us-east-2", "net/my-loadbalancer/1234567890abcdef", datetime(2020, 5, 1, tzinfo=UTC), None, ""
    )


def test_a_classic_load_balancers_key_has_a_name_for_an_id() -> None:
    assert classify_key(f"my-app/AWSLogs/123456789012/elasticloadbalancing/us-west-2/2014/02/15/{CLB_NAME}") == LogKey(
        "clb", "123456789012", "us-west-2", "my-loadbalancer", datetime(2014, 2, 15, 23, 40, tzinfo=UTC), "172.160.1.192", "my-app"
    )


@pytest.mark.parametrize(
    ("start", "log_type"),
    [("", "access"), ("conn_log_", "connection"), ("conn_log.", "connection"), ("health_check_log_", "health_check")],
)
def test_the_beginning_of_the_name_tells_the_kind_of_log(start: str, log_type: str) -> None:
    key = log_key(f"{FOLDER}/{start}{ALB_NAME}")

    assert (key.log_type, key.load_balancer) == (log_type, "app/my-loadbalancer/1234567890abcdef")


@pytest.mark.parametrize("region", ["eu-west-1", "ap-southeast-4", "us-gov-east-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1"])
def test_regions_of_every_partition_are_known(region: str) -> None:
    assert log_key(f"{FOLDER}/{ALB_NAME}".replace("us-east-2", region)).region == region


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        (f"{FOLDER}/{ALB_NAME}", ""),
        (f"a/{FOLDER}/{ALB_NAME}", "a"),
        (f"a/b c/日本/{FOLDER}/{ALB_NAME}", "a/b c/日本"),
        (f"/home/me/AWSLogs/old/{FOLDER}/{ALB_NAME}", "/home/me/AWSLogs/old"),
        (f"./{FOLDER}/{ALB_NAME}", "."),
        (ALB_NAME, ""),
        (f"/home/me/{ALB_NAME}", ""),
        (f"myAWSLogs/{ALB_NAME}", ""),
    ],
)
def test_the_prefix_is_what_stands_before_the_last_awslogs(key: str, prefix: str) -> None:
    assert log_key(key).prefix == prefix


@pytest.mark.parametrize("end", [".log.gz", ".log", ".gz", ""])
def test_a_copy_that_was_unpacked_or_renamed_says_the_same(end: str) -> None:
    assert log_key(ALB_NAME.replace(".log.gz", end)).load_balancer == "app/my-loadbalancer/1234567890abcdef"


def test_a_node_may_have_an_ipv6_address() -> None:
    assert log_key(ALB_NAME.replace("172.160.1.192", "2001:db8::7")).node_ip == "2001:db8::7"


def test_a_time_that_does_not_exist_is_none_and_the_rest_stays() -> None:
    key = log_key(ALB_NAME.replace("20220215T2340Z", "20229915T2340Z"))

    assert (key.end_time, key.load_balancer) == (None, "app/my-loadbalancer/1234567890abcdef")


def test_names_of_2016_have_no_t_in_their_time() -> None:
    assert log_key(NLB_NAME.replace("20200501T0000Z", "201605010005Z")).end_time == datetime(2016, 5, 1, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("name", ["apple-lb", "net-lb", "gwy", "a"])
def test_a_classic_load_balancer_may_be_called_like_the_others_begin(name: str) -> None:
    key = log_key(CLB_NAME.replace("my-loadbalancer", name))

    assert (key.log_type, key.load_balancer) == ("clb", name)


@pytest.mark.parametrize("name", ["ELBAccessLogTestFile", "ELBConnectionLogTestFile", "ELBHealthCheckLogTestFile"])
@pytest.mark.parametrize("folder", ["AWSLogs/123456789012/", "a/b/AWSLogs/123456789012/", ""])
def test_test_files_are_known(folder: str, name: str) -> None:
    assert classify_key(folder + name) == keys.TestFile()


@pytest.mark.parametrize(
    ("key", "word"),
    [
        (f"{FOLDER}/{GWLB_NAME}", "Gateway"),
        (f"{FOLDER}/conn_log_{GWLB_NAME}", "Gateway"),
        ("AWSLogs/123456789012/ALB_ACCESS_LOGS/us-east-2/x.log.gz", "CloudWatch Logs"),
        ("p/AWSLogs/123456789012/elasticloadbalancing/ALB_CONNECTION_LOGS/2026/05/01/x.gz", "CloudWatch Logs"),
        ("p/123456789012_NLB_ACCESS_LOGS_us-east-2.json.gz", "CloudWatch Logs"),
        ("p/ALB_HEALTH_CHECK_LOGS", "CloudWatch Logs"),
        (f"{FOLDER}/x.parquet", "Parquet"),
        ("x.json", "JSON"),
        ("x.json.gz", "JSON"),
        ("x.w3c", "W3C"),
        (f"{FOLDER}/", "folder"),
        (f"{FOLDER}_$folder$", "folder"),
        ("manifest.json", "another program"),
        ("results/1234.csv.metadata", "another program"),
        ("AWSLogs/123456789012/vpcflowlogs/us-east-2/2026/05/01/x.log.gz", "another service"),
        ("AWSLogs/123456789012/CloudTrail/us-east-2/2026/05/01/x.gz", "another service"),
        ("AWSLogs/o-exampleorgid/123456789012/CloudTrail/us-east-2/2026/05/01/x.gz", "another service"),
    ],
)
def test_what_is_not_shipped_is_refused_by_name(key: str, word: str) -> None:
    found = classify_key(key)

    assert isinstance(found, Refused)
    assert word in found.reason


@pytest.mark.parametrize(
    "key",
    [
        "",
        "-",
        "access.log",
        "x.log.gz",
        f"{FOLDER}/x.log.gz",
        ALB_NAME.replace("123456789012", "12345678901"),
        f"x{ALB_NAME}",
        f"{ALB_NAME}.bak",
        "ELBAccessLogTestFile.txt",
    ],
)
def test_other_names_say_nothing(key: str) -> None:
    assert classify_key(key) is None


@pytest.mark.parametrize("pattern", KEY_PATTERNS, ids=lambda pattern: pattern.name)
def test_each_rows_example_is_decided_by_that_row(pattern: KeyPattern) -> None:
    first = next(row for row in KEY_PATTERNS if re.search(row.regex, pattern.example))

    assert first is pattern
    assert pattern.source
    found = classify_key(pattern.example)
    assert (found.log_type if isinstance(found, LogKey) else found) == pattern.result


def test_rows_have_different_names() -> None:
    assert len({pattern.name for pattern in KEY_PATTERNS}) == len(KEY_PATTERNS)


def test_the_key_of_the_generated_lines_is_an_access_logs() -> None:
    key = log_key(KEY)

    assert (key.log_type, key.account, key.region, key.load_balancer) == (
        "access",
        "123456789012",
        "eu-west-1",
        "app/shop-front/50dc6c495c0c9188",
    )


@given(st.text())
def test_no_name_makes_it_fail(text: str) -> None:
    classify_key(text)
    classify_key(f"{FOLDER}/{text}")
    classify_key(ALB_NAME.replace("20220215T2340Z", text))
