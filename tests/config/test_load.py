from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.config.mistakes import AWS, mistakes
from xray_grafana.config import Config, load_config, parse_config
from xray_grafana.errors import ConfigError

SOURCE = AWS + "xray:\n  sources:\n    - "
FORMS = {
    "account": "an AWS account id: 12 digits, as text",
    "duration": "a duration such as 30s, 5m or 1h",
    "ratio": "a number above 0 and at most 1",
    "secret": "a reference to a secret: $__env{NAME}, $__file{/path} or secret:NAME/KEY of a Kubernetes Secret",
    "text": "one line of text, up to 200 characters",
    "url": "http(s)://host[:port][/path]",
}
DECIMAL = "write it as a plain decimal number"
PARTITIONS = "in the partition aws, aws-cn or aws-us-gov"
LOKI_USER = "Loki's go under logs.basic_user and logs.basic_password"
IN_PLACE = "the value itself must not stand in the config"


def test_a_minimal_config_has_the_defaults() -> None:
    config = parse_config(AWS, "b.yaml")
    assert (config.name, config.prefix, config.aws.account) == ("Shop", "xray", "111122223333")
    assert [(source.uid, source.name) for source in config.xray.sources] == [("xray", "X-Ray")]
    assert (config.logs, config.alerts.for_, config.grafana.refresh) == (None, "5m", "1m")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "aws:\n  account: 012345678901\n  region: eu-west-1\n",
            f'b.yaml:2:12 aws.account: got 012345678901 — expected {FORMS["account"]} (write it in quotes: "012345678901")',
            id="an octal account id",
        ),
        pytest.param(
            "aws:\n  account: 111122223333\n  region: eu-west-1\n",
            f'b.yaml:2:12 aws.account: got 111122223333 — expected {FORMS["account"]} (write it in quotes: "111122223333")',
            id="a number as account id",
        ),
        pytest.param(
            "aws:\n  account: 098765432109\n  region: eu-west-1\n",
            f'b.yaml:2:12 aws.account: got 098765432109 — expected {FORMS["account"]} (write it in quotes: "098765432109")',
            id="an account id that only YAML 1.2 reads as a number",
        ),
        pytest.param(
            "aws:\n  account: 12345\n  region: eu-west-1\n",
            f"b.yaml:2:12 aws.account: got 12345 — expected {FORMS['account']} (YAML reads it as a number; text goes in quotes)",
            id="an account id that quotes do not mend",
        ),
        pytest.param(
            'aws:\n  account: "1234"\n  region: eu-west-1\n',
            f"b.yaml:2:12 aws.account: got '1234' — expected {FORMS['account']}",
            id="a short account id",
        ),
        pytest.param(
            'aws:\n  account: "١١١١٢٢٢٢٣٣٣٣"\n  region: eu-west-1\n',
            f"b.yaml:2:12 aws.account: got '١١١١٢٢٢٢٣٣٣٣' — expected {FORMS['account']}",
            id="digits of another script",
        ),
        pytest.param(
            'aws:\n  account: "111122223333"\n  region: eusc-de-east-1\n',
            f"b.yaml:3:11 aws.region: got 'eusc-de-east-1' — expected an AWS region such as eu-west-1 ({PARTITIONS})",
            id="a partition without X-Ray plugin",
        ),
        pytest.param(AWS + "name: no\n", f'b.yaml:2:7 name: got no — expected {FORMS["text"]} (write it in quotes: "no")', id="no"),
        pytest.param(AWS + "name: on\n", f'b.yaml:2:7 name: got on — expected {FORMS["text"]} (write it in quotes: "on")', id="on"),
        pytest.param(
            AWS + "name: 12:30\n", f'b.yaml:2:7 name: got 12:30 — expected {FORMS["text"]} (write it in quotes: "12:30")', id="base 60"
        ),
        pytest.param(AWS + "name: 1e3\n", f'b.yaml:2:7 name: got 1e3 — expected {FORMS["text"]} (write it in quotes: "1e3")', id="1e3"),
        pytest.param(
            AWS + "name: 12.40\n", f'b.yaml:2:7 name: got 12.40 — expected {FORMS["text"]} (write it in quotes: "12.40")', id="float"
        ),
        pytest.param(
            AWS + "name: 2026-01-02\n",
            f'b.yaml:2:7 name: got 2026-01-02 — expected {FORMS["text"]} (write it in quotes: "2026-01-02")',
            id="a date",
        ),
        pytest.param(AWS + "name: null\n", f'b.yaml:2:7 name: got null — expected {FORMS["text"]} (write it in quotes: "null")', id="null"),
        pytest.param(AWS + "name:\n", f"b.yaml:2:6 name: got nothing — expected {FORMS['text']}", id="nothing behind the colon"),
        pytest.param(AWS + 'name: " "\n', f"b.yaml:2:7 name: got ' ' — expected {FORMS['text']}", id="blank text"),
        pytest.param(AWS + "name: [a]\n", f"b.yaml:2:7 name: got a list — expected {FORMS['text']}", id="a list for text"),
        pytest.param(AWS + "name: {a: 1}\n", f"b.yaml:2:7 name: got a mapping — expected {FORMS['text']}", id="a mapping for text"),
        pytest.param(
            AWS + "grafana:\n  version: 12.4\n",
            'b.yaml:3:12 grafana.version: got 12.4 — expected 12.4 or 13.2 (write it in quotes: "12.4")',
            id="a version as a number",
        ),
        pytest.param(
            AWS + "grafana:\n  plugin_version: 2.17.0\n",
            "b.yaml:3:19 grafana.plugin_version: got '2.17.0' — expected 2.17.1 (did you mean 2.17.1?)",
            id="the only choice",
        ),
        pytest.param(
            SOURCE + "{uid: a, name: A, auth: key}\n",
            "b.yaml:4:31 xray.sources.0.auth: got 'key' — expected default, keys, credentials, ec2_iam_role or grafana_assume_role"
            " (did you mean keys?)",
            id="a choice that nearly is one",
        ),
        pytest.param(
            SOURCE + "{uid: a, name: A, auth: 77}\n",
            "b.yaml:4:31 xray.sources.0.auth: got 77 — expected default, keys, credentials, ec2_iam_role or grafana_assume_role"
            " (YAML reads it as a number; text goes in quotes)",
            id="a number for a choice",
        ),
        pytest.param(
            SOURCE + "{uid: a, name: A, timeout_seconds: 0}\n",
            "b.yaml:4:42 xray.sources.0.timeout_seconds: got 0 — expected a whole number from 1 to 300",
            id="below a range",
        ),
        pytest.param(
            SOURCE + "{uid: a, name: A, timeout_seconds: 301}\n",
            "b.yaml:4:42 xray.sources.0.timeout_seconds: got 301 — expected a whole number from 1 to 300",
            id="above a range",
        ),
        pytest.param(
            SOURCE + "{uid: a, name: A, timeout_seconds: 5.5}\n",
            "b.yaml:4:42 xray.sources.0.timeout_seconds: got 5.5 — expected a whole number from 1 to 300",
            id="a fraction for a whole number",
        ),
        pytest.param(
            SOURCE + "{uid: a, name: A, timeout_seconds: 010}\n",
            f"b.yaml:4:42 xray.sources.0.timeout_seconds: got 010 — expected a whole number from 1 to 300 ({DECIMAL})",
            id="an octal number",
        ),
        pytest.param(
            SOURCE + f"{{uid: a, name: A, timeout_seconds: {'9' * 70}}}\n",
            f"b.yaml:4:42 xray.sources.0.timeout_seconds: got {'9' * 60}… — expected a whole number from 1 to 300 ({DECIMAL})",
            id="a number without end",
        ),
        pytest.param(
            AWS + "alerts: {latency_seconds: 1:30}\n",
            f"b.yaml:2:27 alerts.latency_seconds: got 1:30 — expected a number above 0 and at most 3600 ({DECIMAL})",
            id="base 60 for a number",
        ),
        pytest.param(
            AWS + "alerts: {fault_ratio: .nan}\n",
            f"b.yaml:2:23 alerts.fault_ratio: got .nan — expected {FORMS['ratio']} ({DECIMAL})",
            id="nan",
        ),
        pytest.param(
            AWS + "alerts: {fault_ratio: 5}\n", f"b.yaml:2:23 alerts.fault_ratio: got 5 — expected {FORMS['ratio']}", id="a percentage"
        ),
        pytest.param(
            AWS + "alerts: {fault_ratio: 5%}\n",
            f"b.yaml:2:23 alerts.fault_ratio: got '5%' — expected {FORMS['ratio']}",
            id="a percent sign",
        ),
        pytest.param(
            AWS + "alerts: {fault_ratio: 0}\n", f"b.yaml:2:23 alerts.fault_ratio: got 0 — expected {FORMS['ratio']}", id="zero above zero"
        ),
        pytest.param(
            AWS + 'alerts: {fault_ratio: "0.05"}\n',
            f"b.yaml:2:23 alerts.fault_ratio: got '0.05' — expected {FORMS['ratio']} (remove the quotes)",
            id="a number in quotes",
        ),
        pytest.param(
            AWS + 'alerts: {min_requests: "20"}\n',
            "b.yaml:2:24 alerts.min_requests: got '20' — expected a whole number of at least 1 (remove the quotes)",
            id="a whole number in quotes",
        ),
        pytest.param(
            AWS + 'alerts: {enabled: "yes"}\n',
            "b.yaml:2:19 alerts.enabled: got 'yes' — expected true or false (remove the quotes)",
            id="a yes in quotes",
        ),
        pytest.param(AWS + "alerts: {enabled: 1}\n", "b.yaml:2:19 alerts.enabled: got 1 — expected true or false", id="one for true"),
        pytest.param(
            AWS + "alerts: {min_requests: true}\n",
            "b.yaml:2:24 alerts.min_requests: got true — expected a whole number of at least 1",
            id="true for a number",
        ),
        pytest.param(
            AWS + "alerts: {interval: 300}\n",
            f"b.yaml:2:20 alerts.interval: got 300 — expected {FORMS['duration']} (YAML reads it as a number; text goes in quotes)",
            id="a duration without unit",
        ),
        pytest.param(
            AWS + "alerts: {for_: 5m}\n",
            "b.yaml:2:10 alerts.for_: got an unknown key — expected a key of alerts (did you mean for?)",
            id="the alias",
        ),
        pytest.param(
            AWS + "grafna: {}\n",
            "b.yaml:2:1 grafna: got an unknown key — expected a key of the config (did you mean grafana?)",
            id="a key misspelt",
        ),
        pytest.param(
            AWS + "zzz: {}\n",
            "b.yaml:2:1 zzz: got an unknown key — expected name, prefix, aws, xray, services, logs, "
            "cloudwatch, alerts, grafana, kubernetes, alb_logs or demo",
            id="a key like no other",
        ),
        pytest.param(
            AWS + 'grafana:\n  "a\\e[31m": 1\n',
            r"b.yaml:3:3 grafana.a\x1b[31m: got an unknown key — expected folder, version, plugin_version,"
            " refresh, default_range, tags, public_url or runbook_url",
            id="control characters in a key",
        ),
        pytest.param("name: Shop\n", "b.yaml:1:1 aws: got nothing — expected a mapping with account and region", id="no aws"),
        pytest.param(
            'aws:\n  account: "111122223333"\n',
            "b.yaml:2:3 aws.region: got nothing — expected an AWS region such as eu-west-1",
            id="no region",
        ),
        pytest.param(
            'aws:\n  account: "111122223333"\n  regoin: eu-west-1\n',
            "b.yaml:3:3 aws.regoin: got an unknown key — expected a key of aws (did you mean region?)",
            id="a misspelt required key is one mistake",
        ),
        pytest.param(
            AWS + "grafana:\n",
            "b.yaml:2:9 grafana: got nothing — expected a mapping of keys (leave the key out, or put something under it)",
            id="an empty section",
        ),
        pytest.param(AWS + "grafana: dark\n", "b.yaml:2:10 grafana: got 'dark' — expected a mapping of keys", id="text for a section"),
        pytest.param(
            AWS + "grafana: {tags: shop}\n",
            "b.yaml:2:17 grafana.tags: got 'shop' — expected a list (a list of one is written [value])",
            id="text for a list",
        ),
        pytest.param(AWS + "services: {name: cart}\n", "b.yaml:2:11 services: got a mapping — expected a list", id="a mapping for a list"),
        pytest.param(
            AWS + "services: [cart]\n", "b.yaml:2:12 services.0: got 'cart' — expected a mapping with name", id="text for an entry"
        ),
        pytest.param(
            AWS + "xray: {sources: []}\n",
            "b.yaml:2:17 xray.sources: got an empty list — expected a list of at least one entry (leave the key out for the default)",
            id="an empty list",
        ),
        pytest.param(
            SOURCE + "{uid: a b, name: A}\n",
            "b.yaml:4:13 xray.sources.0.uid: got 'a b' — expected a Grafana uid: 1 to 40 letters, digits, - or _",
            id="a list of one faulty entry is not too short",
        ),
        pytest.param(AWS + "logs: {url: loki}\n", f"b.yaml:2:13 logs.url: got 'loki' — expected {FORMS['url']}", id="a host for a URL"),
        pytest.param(
            AWS + f"name: {'x' * 201}\n",
            f"b.yaml:2:7 name: got '{'x' * 60}…' (201 characters) — expected {FORMS['text']}",
            id="a long value is cut",
        ),
        pytest.param(
            AWS + 'name: "a\\tb\\x1b[31m\\u202e"\n',
            rf"b.yaml:2:7 name: got 'a\tb\x1b[31m\u202e' — expected {FORMS['text']}",
            id="control characters are visible",
        ),
    ],
)
def test_a_mistake_says_place_key_got_expected_and_hint(text: str, expected: str) -> None:
    assert mistakes(text) == [expected]


def test_a_selector_that_does_not_parse_says_why_in_the_hint() -> None:
    [line] = mistakes(AWS + 'logs: {url: "http://loki", alb_selector: "{service_name=}"}\n')
    message, _, hint = line.partition(" (")
    assert message == (
        "b.yaml:2:42 logs.alb_selector: got '{service_name=}' — expected a LogQL stream selector such as {service_name=\"checkout\"}"
    )
    assert len(hint) > len("()")


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        "grafana:\n  default_range: 12h\n  folder: 1\n  folder: Ops\n"
        "logs:\n  url: loki\n  basic_user: me\n"
        "aws:\n  account: 1\n  rgion: x\n"
        "services:\n  - {name: cart, sources: [xry]}\n  - {name: cart}\n"
    )
    assert mistakes(text) == [
        "b.yaml:2:18 grafana.default_range: got '12h' — expected at most 6h (X-Ray answers for 6 hours at a time)",
        'b.yaml:3:11 grafana.folder: got 1 — expected one line of text without /, up to 200 characters (write it in quotes: "1")',
        "b.yaml:4:3 grafana.folder: got the key a second time — expected each key once (the first is on line 3)",
        "b.yaml:6:3 logs.basic_password: got nothing — expected a reference to a secret, because basic_user is set",
        "b.yaml:6:8 logs.url: got 'loki' — expected http(s)://host[:port][/path]",
        "b.yaml:9:12 aws.account: got 1 — expected an AWS account id: 12 digits, as text (YAML reads it as a number; text goes in quotes)",
        "b.yaml:10:3 aws.rgion: got an unknown key — expected a key of aws (did you mean region?)",
        "b.yaml:12:28 services.0.sources.0: got 'xry' — expected the uid of an entry of xray.sources (did you mean xray?)",
        "b.yaml:13:12 services.1.name: got 'cart' — expected a name of its own (services.0.name has it already)",
    ]


def test_the_whole_error_counts_its_mistakes() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config("name: 1\n", "b.yaml")
    assert str(caught.value).splitlines()[-1] == "2 mistakes in the config; nothing was written"
    assert caught.value.exit_code == 2


SECRET = "hunter2-Zx9"  # noqa: S105 -- a stand-in that must never be shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"{{url: http://loki, bearer_token: {SECRET}}}", "b.yaml:2:40", id="plain"),
        pytest.param(f'{{url: http://loki, bearer_token: "{SECRET}"}}', "b.yaml:2:40", id="quoted"),
        pytest.param(f"{{url: http://loki, bearer_token: '$__env{{{SECRET}}}'}}", "b.yaml:2:40", id="a reference gone wrong"),
        pytest.param("{url: http://loki, bearer_token: 20261121}", "b.yaml:2:40", id="a number"),
        pytest.param("{url: http://loki, bearer_token: 2026-11-21}", "b.yaml:2:40", id="a date"),
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(text: str, expected: str) -> None:
    assert mistakes(f"{AWS}logs: {text}\n") == [
        f"{expected} logs.bearer_token: got a literal value — expected {FORMS['secret']} ({IN_PLACE})"
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"logs: {{url: http://loki, bearer_token: *{SECRET}}}",
        f"logs: {{url: http://loki, bearer_token: !{SECRET} x}}",
        f"logs: {{url: http://loki, bearer_token: &{SECRET} x}}",
        f"logs: {{url: http://loki, bearer_token: [{SECRET}]}}",
        f"logs:\n  url: http://loki\n  bearer_token: %{SECRET}",
        f"logs:\n  url: http://loki\n  bearer_token: @{SECRET}",
        f"logs:\n  url: http://loki\n  bearer_token: {SECRET}: x",
        f"logs:\n  url: http://loki\n  bearer_token: '{SECRET}",
        f"logs:\n  url: http://loki\n  bearer_token: 'x'{SECRET}",
        f'logs:\n  url: http://loki\n  bearer_token: "\\q{SECRET}"',
        f"logs:\n  url: http://loki\n  bearer_token: | {SECRET}",
        f"logs:\n  url: http://loki\n  bearer_tokn: {SECRET}",
        f"logs:\n  url: http://me:{SECRET}@loki",
        f"logs:\n  url: me:{SECRET}@loki:3100",
        f"logs:\n  url: http://me:{SECRET}",
        f"logs:\n  url: http://me:{SECRET}/x",
        f"logs:\n  url: http://me:p@{SECRET}@loki",
        f"logs:\n  url: http://{'m' * 80}:{SECRET}@loki",
        f"logs: http://me:{SECRET}@loki",
        f"xray: {{sources: [{{uid: a, name: A, access_key: {SECRET}}}]}}",
    ],
)
def test_no_message_repeats_a_secret(text: str) -> None:
    lines = mistakes(AWS + text + "\n")
    assert lines
    assert SECRET not in "\n".join(lines)


@pytest.mark.parametrize("name", ["BEARER_TOKEN", "BEARER_TOKN", "BASIC_PASSWORD"])
def test_no_message_repeats_a_secret_from_outside_the_file(name: str) -> None:
    text = AWS + "logs: {url: http://loki}\n"
    from_variable = mistakes(text, environ={f"XRAY_GRAFANA__LOGS__{name}": SECRET})
    from_flag = mistakes(
        text, overrides=[f"logs.{name.lower()}={SECRET}", f"logs.{name.lower()}:{SECRET}", "logs.url=http://me:" + SECRET + "@x"]
    )
    assert from_variable
    assert len(from_flag) >= 3
    assert SECRET not in "\n".join(from_variable + from_flag)


def test_a_url_with_a_password_shows_the_rest() -> None:
    assert mistakes(AWS + "logs: {url: 'http://me:pw@loki:3100'}\n") == [
        f"b.yaml:2:13 logs.url: got 'http://***@loki:3100' — expected a URL without a user or password in it ({LOKI_USER})"
    ]


def test_a_flag_wins_over_a_variable_over_the_file_over_the_default() -> None:
    text = AWS + "grafana: {folder: file, refresh: 30s}\nalerts: {window: 10m}\n"
    environ = {"XRAY_GRAFANA__GRAFANA__FOLDER": "variable", "XRAY_GRAFANA__ALERTS__WINDOW": "20m"}
    config = parse_config(text, "b.yaml", environ=environ, overrides=["grafana.folder=flag"])
    assert (config.grafana.folder, config.alerts.window, config.grafana.refresh, config.alerts.interval) == ("flag", "20m", "30s", "5m")


def test_an_override_replaces_a_faulty_value_of_the_file() -> None:
    assert parse_config(AWS + "grafana: {folder: 1}\n", "b.yaml", overrides=["grafana.folder=Ops"]).grafana.folder == "Ops"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "config file: got no such file — expected a config file (xray-grafana init writes an example)"),
        (b"name: Caf\xe9\n", ":1:10 encoding: got bytes that are not UTF-8 — expected UTF-8 text (save the file as UTF-8)"),
        (b"a: \xc3\xa9\nb: \xc3\xa9\xff", ":2:5 encoding: got bytes that are not UTF-8 — expected UTF-8 text (save the file as UTF-8)"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_config_error(tmp_path: Path, content: bytes | None, expected: str) -> None:
    path = tmp_path / "bundle.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    [problem] = caught.value.problems
    assert str(problem) == f"{path}{'' if expected.startswith(':') else ' '}{expected}"


def test_a_folder_is_no_config_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="got a folder — expected a config file"):
        load_config(tmp_path)


def test_a_path_that_the_system_refuses_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"got an error of the system \(File name too long\)"):
        load_config(tmp_path / ("x" * 300))


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "bundle.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + AWS.replace("\n", "\r\n").encode() + b"name: Kassa\r\n")
    assert load_config(path).name == "Kassa"


def test_load_config_takes_variables_and_flags(tmp_path: Path) -> None:
    path = tmp_path / "bundle.yaml"
    path.write_text(AWS, encoding="utf-8")
    config = load_config(path, environ={"XRAY_GRAFANA__PREFIX": "ops"}, overrides=["name=Till"])
    assert isinstance(config, Config)
    assert (config.prefix, config.name) == ("ops", "Till")


def test_ten_thousand_lines_take_less_than_five_seconds() -> None:
    """A bound far above what it takes (0.3 s), so that only a change of order trips it."""
    services = "".join(
        f"  - name: s{i}\n    slow_seconds: 0.5\n    edges: [a, b]\n    alerts:\n      fault_ratio: 0.1\n" for i in range(2000)
    )
    started = time.perf_counter()
    config = parse_config(f"{AWS}services:\n{services}", "b.yaml")
    assert time.perf_counter() - started < 5
    assert len(config.services) == 2000
