from __future__ import annotations

import pytest

from tests.config.mistakes import AWS, mistakes

SECRET = "a reference to a secret"  # noqa: S105 -- words of a message
CN_GROUP = "arn:aws:xray:cn-north-1:111122223333:group/a"
US_GROUP = "arn:aws:xray:us-east-1:111122223333:group/a"
CN_ROLE = "arn:aws-cn:iam::444455556666:role/grafana"
AWS_ROLE = "arn:aws:iam::444455556666:role/grafana"
KEYS = "auth: keys, access_key: '$__env{A}', secret_key: '$__env{B}'"
GOES = "goes with auth: keys"
BESIDE = "the CloudWatch data source of xray.sources.0"
LOGS_NAME = "logs.name has it already"
CW_NAME = "X-Ray CloudWatch"
CW_UID = "its CloudWatch data source is named <uid>-cloudwatch"
PARTITION_HINT = "an account of another partition needs its own auth: keys or credentials, or an assume_role_arn there"


def sources(*entries: str, aws: str = AWS) -> str:
    return aws + "xray:\n  sources:\n" + "".join(f"    - {{uid: s{i}, name: S{i}, {entry}}}\n" for i, entry in enumerate(entries))


def logs(keys: str) -> str:
    return f"{AWS}logs:\n  url: http://loki\n" + "".join(f"  {key}\n" for key in keys.split("; "))


def group(name: str, arn: str, aws: str = AWS) -> str:
    return aws + f"xray:\n  groups:\n    - name: {name}\n      arn: {arn}\n      filter: 'fault'\n"


CASES = [
    pytest.param(sources("auth: keys"), [
        f"4:7 xray.sources.0.access_key: got nothing — expected {SECRET}, because auth is keys",
        f"4:7 xray.sources.0.secret_key: got nothing — expected {SECRET}, because auth is keys",
    ], id="keys without keys"),
    pytest.param(sources("auth: keys, access_key: '$__env{A}'"), [
        f"4:7 xray.sources.0.secret_key: got nothing — expected {SECRET}, because auth is keys",
    ], id="keys with half of them"),
    pytest.param(sources("access_key: '$__env{A}'"), [
        "4:39 xray.sources.0.access_key: got a value — expected nothing, because auth is default (access_key goes with auth: keys)",
    ], id="a key without auth: keys"),
    pytest.param(sources("auth: ec2_iam_role, session_token: '$__env{A}'"), [
        f"4:62 xray.sources.0.session_token: got a value — expected nothing, because auth is ec2_iam_role (session_token {GOES})",
    ], id="a session token without auth: keys"),
    pytest.param(sources("profile: ops"), [
        "4:36 xray.sources.0.profile: got a value — expected nothing, because auth is default (profile goes with auth: credentials)",
    ], id="a profile without auth: credentials"),
    pytest.param(sources("auth: grafana_assume_role"), [
        "4:7 xray.sources.0.assume_role_arn: got nothing — expected a role ARN, because auth is grafana_assume_role",
    ], id="assume role without role"),
    pytest.param(sources("external_id: shop"), [
        "4:7 xray.sources.0.assume_role_arn: got nothing — expected a role ARN, because external_id is set",
    ], id="external id without role"),
    pytest.param(sources("region: cn-north-1"), [
        f"4:35 xray.sources.0.region: got 'cn-north-1' — expected a region in the partition aws, as aws.region has it ({PARTITION_HINT})",
    ], id="a region of another partition"),
    pytest.param(sources(f"region: cn-north-1, assume_role_arn: '{AWS_ROLE}'"), [
        f"4:64 xray.sources.0.assume_role_arn: got '{AWS_ROLE}' — expected an ARN that begins with arn:aws-cn:, as cn-north-1 asks for",
    ], id="a role of another partition than its region"),
    pytest.param(sources(f"assume_role_arn: '{CN_ROLE}'"), [
        f"4:44 xray.sources.0.assume_role_arn: got '{CN_ROLE}' — expected an ARN that begins with arn:aws:, as eu-west-1 asks for",
    ], id="a role of another partition than the home region"),
    pytest.param(group("a", CN_GROUP, aws=AWS.replace("eu-west-1", "cn-north-1")), [
        f"5:12 xray.groups.0.arn: got '{CN_GROUP}' — expected an ARN that begins with arn:aws-cn:, as cn-north-1 asks for",
    ], id="a group of another partition than its region"),
    pytest.param(group("a", US_GROUP), [
        f"5:12 xray.groups.0.arn: got '{US_GROUP}' — expected an ARN in a region that a source of xray.sources reads",
    ], id="a group where no source reads"),
    pytest.param(group("b", "arn:aws:xray:eu-west-1:111122223333:group/a"), [
        "5:12 xray.groups.0.arn: got 'arn:aws:xray:eu-west-1:111122223333:group/a' — expected the ARN of the group b (it is the ARN of a)",
    ], id="the ARN of another group"),
    pytest.param(AWS + "xray:\n  sources:\n    - {uid: a, name: A}\n    - {uid: a, name: B}\n", [
        "5:13 xray.sources.1.uid: got 'a' — expected a data source uid of its own (xray.sources.0.uid has it already)",
    ], id="a source uid twice"),
    pytest.param(AWS + "xray:\n  sources:\n    - {uid: a, name: A}\n    - {uid: b, name: A}\n", [
        "5:22 xray.sources.1.name: got 'A' — expected a data source name of its own (xray.sources.0.name has it already)",
    ], id="a source name twice"),
    pytest.param(logs("uid: xray"), [
        "4:8 logs.uid: got 'xray' — expected a data source uid of its own (xray.sources.0.uid has it already)",
    ], id="Loki's uid is the default source's"),
    pytest.param(AWS + "xray:\n  sources:\n    - {uid: loki, name: A}\nlogs:\n  url: http://loki\n", [
        "6:3 logs.uid: got 'loki' — expected a data source uid of its own (xray.sources.0.uid has it already)",
    ], id="a source has Loki's default uid"),
    pytest.param(logs("name: X-Ray"), [
        "4:9 logs.name: got 'X-Ray' — expected a data source name of its own (xray.sources.0.name has it already)",
    ], id="Loki's name is the default source's"),
    pytest.param(logs("uid: xray-cloudwatch") + "cloudwatch: {enabled: true}\n", [
        f"1:1 xray.sources.0.uid: got 'xray-cloudwatch' for {BESIDE}.uid — expected a data source uid of its own (logs.uid has it already)",
    ], id="Loki's uid is that of the CloudWatch source"),
    pytest.param(logs("name: X-Ray CloudWatch") + "cloudwatch: {enabled: true}\n", [
        f"1:1 xray.sources.0.name: got '{CW_NAME}' for {BESIDE}.name — expected a data source name of its own ({LOGS_NAME})",
    ], id="Loki's name is that of the CloudWatch source"),
    pytest.param(AWS + f"xray: {{sources: [{{uid: {'u' * 30}, name: A}}]}}\ncloudwatch: {{enabled: true}}\n", [
        f"2:24 xray.sources.0.uid: got '{'u' * 30}' of 30 characters — expected at most 29, because cloudwatch is enabled ({CW_UID})",
    ], id="no room for the CloudWatch uid"),
    pytest.param(AWS + "xray: {sources: [{uid: grafana, name: A}]}\n", [
        "2:24 xray.sources.0.uid: got 'grafana' — expected another uid (Grafana keeps this one for itself)",
    ], id="Grafana's own uid"),
    pytest.param(AWS + "services:\n  - {name: cart}\n  - {name: cart}\n", [
        "4:12 services.1.name: got 'cart' — expected a name of its own (services.0.name has it already)",
    ], id="a service twice"),
    pytest.param(AWS + "xray:\n  groups:\n" + "    - {name: a, arn: 'arn:aws:xray:eu-west-1:111122223333:group/a', filter: fault}\n" * 2, [
        "5:14 xray.groups.1.name: got 'a' — expected a name of its own (xray.groups.0.name has it already)",
    ], id="a group twice"),
    pytest.param(AWS + "services: [{name: cart, sources: [xrai]}]\n", [
        "2:35 services.0.sources.0: got 'xrai' — expected the uid of an entry of xray.sources (did you mean xray?)",
    ], id="a source misspelt"),
    pytest.param(AWS + "services: [{name: cart, sources: [zz]}]\n", [
        "2:35 services.0.sources.0: got 'zz' — expected the uid of an entry of xray.sources (there is xray)",
    ], id="a source like no other"),
    pytest.param(AWS + "services: [{name: cart, log_selector: '{a=\"b\"}'}]\n", [
        "2:39 services.0.log_selector: got a selector — expected nothing, because there is no logs section (logs says where Loki is)",
    ], id="a log selector without logs"),
    pytest.param(AWS + "services: [{name: cart, edges: [a, b, a]}]\n", [
        "2:39 services.0.edges.2: got 'a' — expected each entry once (services.0.edges.0 has it already)",
    ], id="an edge twice"),
    pytest.param(AWS + "services: [{name: cart, sources: [xray, xray]}]\n", [
        "2:41 services.0.sources.1: got 'xray' — expected each entry once (services.0.sources.0 has it already)",
    ], id="a service's source twice"),
    pytest.param('aws:\n  account: "111122223333"\n  region: eu-west-1\n  linked_accounts: ["444455556666", "444455556666"]\n', [
        "4:37 aws.linked_accounts.1: got '444455556666' — expected each entry once (aws.linked_accounts.0 has it already)",
    ], id="an account twice"),
    pytest.param(logs("id_forms: [w3c, w3c]"), [
        "4:19 logs.id_forms.1: got 'w3c' — expected each entry once (logs.id_forms.0 has it already)",
    ], id="an id form twice"),
    pytest.param(AWS + "alerts: {deleted_rules: [a, a]}\n", [
        "2:29 alerts.deleted_rules.1: got 'a' — expected each entry once (alerts.deleted_rules.0 has it already)",
    ], id="a deleted rule twice"),
    pytest.param(AWS + "grafana: {tags: [a, a]}\n", [
        "2:21 grafana.tags.1: got 'a' — expected each entry once (grafana.tags.0 has it already)",
    ], id="a tag twice"),
    pytest.param(logs("basic_user: me"), [
        f"3:3 logs.basic_password: got nothing — expected {SECRET}, because basic_user is set",
    ], id="a user without password"),
    pytest.param(logs("basic_password: $__env{P}"), [
        "3:3 logs.basic_user: got nothing — expected a user, because basic_password is set",
    ], id="a password without user"),
    pytest.param(logs("basic_user: me; basic_password: $__env{P}; bearer_token: $__env{T}"), [
        "6:17 logs.bearer_token: got a value — expected nothing, because basic authentication is set (Loki takes one or the other)",
    ], id="two ways to sign in"),
    pytest.param(logs("application_selector: '{a=\"b\"}'"), [
        "4:25 logs.application_selector: got '{a=\"b\"}' — expected a selector with ${service} (it stands for a service's name)",
    ], id="a selector without the service"),
    pytest.param(AWS + "alerts: {window: 299s}\n", [
        "2:18 alerts.window: got '299s' — expected a duration from 5m to 1h",
    ], id="a short window"),
    pytest.param(AWS + "alerts: {window: 2h}\n", [
        "2:18 alerts.window: got '2h' — expected a duration from 5m to 1h",
    ], id="a long window"),
    pytest.param(AWS + "alerts: {interval: 15s}\n", [
        "2:20 alerts.interval: got '15s' — expected a multiple of 10s (Grafana evaluates rules in steps of that length)",
    ], id="an interval between steps"),
    pytest.param(AWS + "grafana: {refresh: 5s}\n", [
        "2:20 grafana.refresh: got '5s' — expected at least 10s, or null (each refresh costs API calls)",
    ], id="a fast refresh"),
    pytest.param(AWS + "grafana: {default_range: 361m}\n", [
        "2:26 grafana.default_range: got '361m' — expected at most 6h (X-Ray answers for 6 hours at a time)",
    ], id="a long range"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_contradiction_is_one_mistake_at_the_key_to_change(text: str, expected: list[str]) -> None:
    assert mistakes(text) == [f"b.yaml:{line}" for line in expected]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(sources(f"region: cn-north-1, assume_role_arn: '{CN_ROLE}'"), id="another partition with a role there"),
        pytest.param(sources(f"region: cn-north-1, {KEYS}"), id="another partition with keys of its own"),
        pytest.param(sources("region: us-gov-west-1, auth: credentials, profile: gov"), id="another partition with a profile of its own"),
        pytest.param(sources("region: us-east-1", "region: ap-southeast-2"), id="other regions of one partition"),
        pytest.param(sources(KEYS + ", session_token: '$__file{/run/token}'"), id="keys with session token"),
        pytest.param(sources("auth: credentials"), id="credentials without profile"),
        pytest.param(sources(f"auth: grafana_assume_role, assume_role_arn: '{AWS_ROLE}', external_id: x"), id="assume role"),
        pytest.param(sources("endpoint: 'http://localhost:9000', auth: default"), id="an endpoint"),
        pytest.param(group("a", "arn:aws:xray:eu-west-1:111122223333:group/a"), id="a group"),
        pytest.param(
            AWS + f"xray: {{sources: [{{uid: {'u' * 29}, name: A}}]}}\ncloudwatch: {{enabled: true}}\n", id="a uid with just room"
        ),
        pytest.param(AWS + f"xray: {{sources: [{{uid: {'u' * 40}, name: A}}]}}\n", id="a long uid without CloudWatch"),
        pytest.param(logs("uid: xray-cloudwatch; name: X-Ray CloudWatch"), id="CloudWatch names are free without CloudWatch"),
        pytest.param(logs("basic_user: me; basic_password: $__env{P}"), id="basic authentication"),
        pytest.param(logs("bearer_token: $__env{T}"), id="a bearer token"),
        pytest.param(AWS + "alerts: {window: 5m, interval: 10s}\ngrafana: {refresh: 10s, default_range: 6h}\n", id="least and most"),
        pytest.param(AWS + "alerts: {window: 60m}\ngrafana: {refresh: null, default_range: 360m}\n", id="the same in other units"),
        pytest.param(AWS + "services: [{name: a, edges: [a, b]}, {name: b, edges: [a, b], sources: [xray]}]\n", id="edges of two services"),
    ],
)
def test_what_does_not_contradict_passes(text: str) -> None:
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        pytest.param(sources("auth: key, profile: x"), ["xray.sources.0.auth"], id="auth unknown"),
        pytest.param("aws: 7\nxray: {sources: [{uid: a, name: A, region: cn-north-1}]}\n", ["aws"], id="no home region"),
        pytest.param(AWS + "xray: 7\nservices: [{name: a, sources: [x]}]\n", ["xray"], id="no sources"),
        pytest.param(
            AWS + "services: [7, {name: [a]}, {name: b, edges: {}}]\n", ["services.0", "services.1.name", "services.2.edges"], id="services"
        ),
        pytest.param(group("a", US_GROUP, aws=AWS.replace("eu-west-1", "{}")), ["aws.region"], id="a group beside a region that is none"),
        pytest.param(sources("region: cn-north-1, auth: {}"), ["xray.sources.0.region", "xray.sources.0.auth"], id="auth a mapping"),
        pytest.param(group("a", "arn:aws:xray"), ["xray.groups.0.arn"], id="an ARN cut short"),
        pytest.param(AWS + "alerts: {window: long, interval: 15}\n", ["alerts.window", "alerts.interval"], id="durations"),
        pytest.param(
            AWS + "logs: {url: x, basic_user: 1, basic_password: 2}\n", ["logs.url", "logs.basic_user", "logs.basic_password"], id="logs"
        ),
        pytest.param(AWS + "cloudwatch: {enabled: 7}\n", ["cloudwatch.enabled"], id="cloudwatch"),
        pytest.param(
            sources("region: nowhere, assume_role_arn: x"), ["xray.sources.0.region", "xray.sources.0.assume_role_arn"], id="malformed"
        ),
    ],
)
def test_a_malformed_value_is_reported_once_and_takes_part_in_no_rule(text: str, keys: list[str]) -> None:
    assert [line.partition(": got ")[0].partition(" ")[2] for line in mistakes(text)] == keys
