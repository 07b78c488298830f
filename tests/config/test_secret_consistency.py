import pytest

from tests.config.mistakes import AWS, mistakes
from xray_grafana.config import parse_config
from xray_grafana.config.secret_references import SecretKey, secret_key, secret_references

OPERATOR = "kubernetes: {cluster: shop, identity: {kind: pod-identity}, grafana: {form: operator, service_account: grafana-sa}}\n"
FROM_KUBERNETES = "secret:NAME/KEY of a Kubernetes Secret, because kubernetes.grafana.form is operator"
API = "the operator hands data sources to Grafana's API, which follows no other reference"


def keys(access: str, secret: str, more: str = "") -> str:
    return f"{AWS}xray: {{sources: [{{uid: a, name: A, auth: keys, access_key: '{access}', secret_key: '{secret}'}}]}}\n{more}"


def test_a_key_of_a_secret_becomes_one_variable() -> None:
    assert secret_key("secret:loki.auth/api-token") == SecretKey("loki.auth", "api-token", "LOKI_AUTH_API_TOKEN")
    assert secret_key("$__env{X}") is None


def test_references_come_with_their_config_keys() -> None:
    text = keys("secret:a/b", "$__env{S}", "logs: {url: http://loki, bearer_token: '$__file{/t}'}\n")
    assert secret_references(parse_config(text, "b.yaml")) == [
        ("xray.sources.0.access_key", "secret:a/b"),
        ("xray.sources.0.secret_key", "$__env{S}"),
        ("logs.bearer_token", "$__file{/t}"),
    ]


def test_two_keys_of_one_variable_are_refused() -> None:
    (line,) = mistakes(keys("secret:a-b/c", "secret:a/b-c"))
    assert line.endswith(
        "xray.sources.0.secret_key: got a Secret's key that becomes the variable A_B_C — expected one with a variable of its own "
        "(another key of xray.sources.0.access_key becomes it already)"
    )


def test_one_key_may_be_used_twice() -> None:
    assert mistakes(keys("secret:a/b", "secret:a/b")) == []


@pytest.mark.parametrize(
    ("reference", "got"), [("$__env{KEY}", "a variable of Grafana's environment"), ("$__file{/key}", "a file in Grafana's container")]
)
def test_the_operator_follows_references_to_secrets_alone(reference: str, got: str) -> None:
    (line,) = mistakes(keys("secret:a/b", reference, OPERATOR))
    assert line.endswith(f"xray.sources.0.secret_key: got {got} — expected {FROM_KUBERNETES} ({API})")
    assert mistakes(keys("secret:a/b", "secret:a/c", OPERATOR)) == []
    assert mistakes(keys("secret:a/b", reference, OPERATOR.replace("operator", "helm"))) == []


def test_lokis_secrets_count_too() -> None:
    logs = "logs: {url: http://loki, bearer_token: '$__env{T}'}\n"
    assert [line.partition(":")[2].partition(": got")[0].split()[-1] for line in mistakes(AWS + logs + OPERATOR)] == ["logs.bearer_token"]
