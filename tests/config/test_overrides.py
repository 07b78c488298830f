from __future__ import annotations

import pytest

from tests.config.mistakes import AWS, mistakes
from xray_grafana.config import Config, parse_config

ALERT_KEYS = (
    "enabled, contact_point, interval, for, window, min_requests, fault_ratio, latency_seconds, throttle_ratio, "
    "traffic_loss, traffic_loss_ratio, traffic_loss_min_requests, silent_source, "
    "alb_5xx_ratio, alb_p99_seconds, alb_missing_trace_ratio or deleted_rules"
)


def with_flags(*flags: str, text: str = AWS) -> Config:
    return parse_config(text, "b.yaml", overrides=flags)


def with_variables(text: str = AWS, **variables: str) -> Config:
    return parse_config(text, "b.yaml", environ=variables)


def test_text_needs_no_quotes_where_the_config_wants_text() -> None:
    config = with_flags("aws.account=012345678901", "name=no", "grafana.folder=12:30", "grafana.version=13.2", "grafana.tags.0=7")
    assert (config.aws.account, config.name, config.grafana.folder, config.grafana.version) == ("012345678901", "no", "12:30", "13.2")
    assert config.grafana.tags == ("7",)


def test_numbers_and_truth_are_read_as_yaml() -> None:
    config = with_flags("alerts.fault_ratio=0.2", "alerts.min_requests=7", "alerts.traffic_loss=off", "cloudwatch.enabled=true")
    assert (config.alerts.fault_ratio, config.alerts.min_requests, config.alerts.traffic_loss) == (0.2, 7, False)
    assert config.cloudwatch.enabled


def test_null_empties_what_may_be_empty() -> None:
    config = with_flags(
        "logs=null", "grafana.refresh=~", "grafana.public_url=null", text=AWS + "logs: {url: 'http://loki'}\ngrafana: {refresh: 5m}\n"
    )
    assert (config.logs, config.grafana.refresh, config.grafana.public_url) == (None, None, None)


def test_a_value_may_hold_an_equals_sign_and_be_empty() -> None:
    assert with_flags("logs.url=http://loki/a=b").logs is not None
    assert mistakes(AWS, overrides=["name="]) == ["--set name: got '' — expected one line of text, up to 200 characters"]


def test_the_alias_for_is_the_key() -> None:
    assert with_flags("alerts.for=10m").alerts.for_ == "10m"
    assert with_variables(XRAY_GRAFANA__ALERTS__FOR="7m").alerts.for_ == "7m"


def test_variables_are_read_in_any_case_and_others_left_alone() -> None:
    config = with_variables(xray_grafana__Grafana__Folder="Ops", XRAY_GRAFANA_CONFIG="x", XRAY_GRAFANA="y", HOME="/")
    assert config.grafana.folder == "Ops"


def test_list_entries_are_taken_in_the_order_of_their_numbers() -> None:
    variables = {f"XRAY_GRAFANA__GRAFANA__TAGS__{i}": f"t{i}" for i in (10, 2, 0, 1, 3, 4, 5, 6, 7, 8, 9)}
    assert with_variables(**variables).grafana.tags == ("t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10")


def test_an_entry_behind_the_last_is_added_and_an_entry_is_changed_in_place() -> None:
    text = AWS + "services: [{name: a}, {name: b}]\n"
    config = with_flags("services.1.slow_seconds=2", "services.2.name=c", text=text)
    assert [(service.name, service.slow_seconds) for service in config.services] == [("a", None), ("b", 2.0), ("c", None)]


def test_a_default_entry_is_changed_not_replaced() -> None:
    source = with_flags("xray.sources.0.timeout_seconds=9").xray.sources[0]
    assert (source.uid, source.name, source.timeout_seconds) == ("xray", "X-Ray", 9)
    assert (
        with_flags("logs.url=http://loki", "logs.id_forms.0=w3c", "logs.id_forms.1=xray").logs
        == parse_config(AWS + "logs: {url: 'http://loki', id_forms: [w3c, xray]}\n", "b.yaml").logs
    )


def test_the_last_of_two_flags_wins() -> None:
    assert with_flags("name=a", "name=b").name == "b"


def test_an_entry_of_a_mapping_is_added_or_changed_by_a_flag() -> None:
    text = AWS + "alb_logs: {bucket: abc, services: {app/web: shop, app/api: api}}\n"
    config = with_flags("alb_logs.services.app/web=storefront", "alb_logs.services.targetgroup/Cart=cart", text=text)
    assert config.alb_logs is not None
    assert config.alb_logs.services == {"app/web": "storefront", "app/api": "api", "targetgroup/Cart": "cart"}


def test_a_variable_cannot_name_an_entry_of_a_mapping_because_it_has_no_capitals() -> None:
    text = AWS + "alb_logs: {bucket: abc}\n"
    assert mistakes(text, environ={"XRAY_GRAFANA__ALB_LOGS__SERVICES__APP/WEB": "storefront"}) == [
        (
            "XRAY_GRAFANA__ALB_LOGS__SERVICES__APP/WEB alb_logs.services.app/web: got a variable — expected the file or --set for a key of "
            "alb_logs.services (a variable does not tell capitals from small letters)"
        )
    ]


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("alb_logs.services=x", "alb_logs.services: got a single value — expected a mapping (set its keys one by one)"),
        (
            "alb_logs.services.app/a.b=x",
            "alb_logs.services.app/a.b: got a key below a single value — expected alb_logs.services.app/a itself",
        ),
    ],
)
def test_a_faulty_flag_for_a_mapping_is_placed_at_the_flag(flag: str, expected: str) -> None:
    assert mistakes(AWS + "alb_logs: {bucket: abc}\n", overrides=[flag]) == [f"--set {expected}"]


def test_an_empty_section_of_the_file_can_be_filled() -> None:
    assert with_flags("grafana.folder=Ops", text=AWS + "grafana:\n").grafana.folder == "Ops"


def test_a_malformed_section_of_the_file_stays_a_mistake_of_the_file() -> None:
    assert mistakes(AWS + "grafana: dark\nservices: 7\n", overrides=["grafana.folder=Ops", "services.0.name=a"]) == [
        "b.yaml:2:10 grafana: got 'dark' — expected a mapping of keys",
        "b.yaml:3:11 services: got 7 — expected a list",
    ]


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("grafana", "argument: got a text without '=' — expected KEY=VALUE (such as grafana.folder=Ops)"),
        ("", "argument: got a text without '=' — expected KEY=VALUE (such as grafana.folder=Ops)"),
        ("grafana.foldr=x", "grafana.foldr: got an unknown key — expected a key of grafana (did you mean folder?)"),
        (
            "=x",
            (
                "'': got an unknown key — expected name, prefix, aws, xray, services, logs, "
                "cloudwatch, alerts, grafana, kubernetes, alb_logs or demo"
            ),
        ),
        ("alerts.zz=x", f"alerts.zz: got an unknown key — expected {ALERT_KEYS}"),
        ("name.x=1", "name.x: got a key below a single value — expected name itself"),
        ("services.first.name=x", "services.first: got a name — expected the number of a list entry, counted from 0"),
        ("services.01.name=x", "services.01: got a name — expected the number of a list entry, counted from 0"),
        ("services.1.name=x", "services.1.name: got an entry behind the end of its list — expected 0 as the next number"),
        ("grafana=x", "grafana: got a single value — expected a mapping of keys (set its keys one by one)"),
        ("grafana=null", "grafana: got a single value — expected a mapping of keys (set its keys one by one)"),
        ("grafana.tags=x", "grafana.tags: got a single value — expected a list (set its entries one by one, from grafana.tags.0)"),
        ("services.0=x", "services.0: got a single value — expected a mapping with name (set its keys one by one)"),
        ("alerts.min_requests=many", "alerts.min_requests: got 'many' — expected a whole number of at least 1"),
        ("alerts.enabled=1", "alerts.enabled: got 1 — expected true or false"),
        (
            "aws.region=null",
            "aws.region: got 'null' — expected an AWS region such as eu-west-1 (in the partition aws, aws-cn or aws-us-gov)",
        ),
        ("grafana.default_range=7h", "grafana.default_range: got '7h' — expected at most 6h (X-Ray answers for 6 hours at a time)"),
        ("logs.tenant=a", "logs.url: got nothing — expected http(s)://host[:port][/path]"),
    ],
)
def test_a_faulty_override_is_placed_at_the_flag_or_the_variable(flag: str, expected: str) -> None:
    assert mistakes(AWS, overrides=[flag]) == [f"--set {expected}"]
    key, equals, value = flag.partition("=")
    if equals:
        name = "XRAY_GRAFANA__" + key.upper().replace(".", "__")
        assert mistakes(AWS, environ={name: value}) == [f"{name} {expected}"]


def test_two_variables_for_one_key_are_refused() -> None:
    environ = {"XRAY_GRAFANA__NAME": "a", "xray_grafana__name": "b"}
    assert mistakes(AWS, environ=environ) == [
        "xray_grafana__name name: got a second value beside XRAY_GRAFANA__NAME — expected one variable for each key"
    ]


def test_half_a_character_in_a_variable_is_refused() -> None:
    """Bytes that are not UTF-8 reach Python's environment as lone surrogates."""
    assert mistakes(AWS, environ={"XRAY_GRAFANA__NAME": "caf\udce9"}) == [
        r"XRAY_GRAFANA__NAME name: got 'caf\udce9' — expected one line of text, up to 200 characters"
    ]
    assert mistakes(AWS, environ={"XRAY_GRAFANA__GRAFANA__VERSION": "\udce9"}) == [
        r"XRAY_GRAFANA__GRAFANA__VERSION grafana.version: got '\udce9' — expected 12.4 or 13.2"
    ]


def test_mistakes_of_the_file_come_before_variables_and_flags() -> None:
    lines = mistakes(AWS + "zz: 1\n", environ={"XRAY_GRAFANA__PREFIX": "9"}, overrides=["name="])
    assert [line.partition(" ")[0] for line in lines] == ["b.yaml:2:1", "--set", "XRAY_GRAFANA__PREFIX"]
