from tests.examples import example, odd
from xray_grafana.bundle.runbook import build_runbook
from xray_grafana.config import Config
from xray_grafana.provisioning.alerting import alert_groups, build_alerting


def runbook(config: Config) -> str:
    content = build_runbook(config, alert_groups(build_alerting(config))).content
    assert isinstance(content, str)
    return content


def test_it_names_every_board_rule_and_source() -> None:
    text = runbook(odd("everything"))
    for name in ("full-home", "full-slo", "full-fault-xray-keys-storefront", "xray-profile", "“on-call”", "Observability X-Ray alerts"):
        assert name in text


def test_it_says_which_settings_grafana_needs() -> None:
    plain, everything = runbook(example()), runbook(odd("everything"))
    assert "GF_PLUGINS_PREINSTALL_SYNC=grafana-x-ray-datasource@2.17.1" in plain
    assert "GF_PLUGINS_FORWARD_HOST_ENV_VARS=grafana-x-ray-datasource" in plain
    assert "GF_AWS_ALLOWED_AUTH_PROVIDERS" not in plain
    assert "`default,keys,credentials,ec2_iam_role,grafana_assume_role`" in everything


def test_secrets_are_named_with_where_they_come_from() -> None:
    text = runbook(odd("everything"))
    assert "| `xray.sources.0.access_key` | `$__env{XRAY_ACCESS_KEY}` | an environment variable of Grafana |" in text
    assert "| `xray.sources.0.secret_key` | `$__file{/run/secrets/xray}` | a file mounted into Grafana |" in text
    assert "key `session-token` of the Kubernetes Secret `xray`" in text
    assert "-e XRAY_SESSION_TOKEN" in text


def test_every_kind_of_alert_has_a_heading_that_links_can_name() -> None:
    text = runbook(example())
    for heading in ("Fault ratio", "Response time", "Throttling", "Traffic loss", "X-Ray says nothing", "ALB 5xx ratio", "ALB p99"):
        assert f"\n### {heading}\n" in text


def test_without_alerts_it_says_so() -> None:
    text = runbook(odd("no-loki"))
    assert "None: `alerts.enabled` is false" in text
    assert "### Fault ratio" not in text


def test_transaction_search_is_told_either_way() -> None:
    assert "**Transaction Search is on.**" in runbook(odd("everything"))
    assert "set `xray.transaction_search: true`" in runbook(example())


def test_names_do_not_break_its_tables() -> None:
    text = runbook(example("xray.sources.0.name=a|b <c>"))
    assert "| a\\|b &lt;c> | `xray` |" in text


def test_lines_of_a_table_stand_together() -> None:
    """A blank line between rows would end the table."""
    lines = runbook(odd("everything")).split("\n")
    for before, here, after in zip(lines, lines[1:], lines[2:], strict=False):
        assert not (before.startswith("|") and not here and after.startswith("|"))
