from typing import Any

from tests.examples import example, odd
from xray_grafana.config import Config
from xray_grafana.provisioning.datasources import build_datasources
from xray_grafana.provisioning.secrets import Reference, escape_dollars


def sources(config: Config) -> dict[str, dict[str, Any]]:
    return {source["uid"]: source for source in build_datasources(config).document["datasources"]}


def test_dollars_are_doubled_but_for_references() -> None:
    tree = {"a": ["${x}", Reference("$__env{X}")], "b": 1}
    assert escape_dollars(tree) == {"a": ["$${x}", "$__env{X}"], "b": 1}


def test_every_way_to_sign_in_becomes_the_plugins_keys() -> None:
    found = sources(odd("everything"))
    assert found["xray-keys"]["secureJsonData"] == {
        "accessKey": "$__env{XRAY_ACCESS_KEY}",
        "secretKey": "$__file{/run/secrets/xray}",
        "sessionToken": "$__env{XRAY_SESSION_TOKEN}",
    }
    assert found["xray-profile"]["jsonData"]["profile"] == "shop"
    assert found["xray-instance"]["jsonData"]["defaultRegion"] == "eu-north-1"
    assert found["xray-instance"]["jsonData"]["authType"] == "ec2_iam_role"
    assert found["xray-assume"]["jsonData"]["assumeRoleArn"] == "arn:aws:iam::444455556666:role/grafana-xray"
    assert found["xray-assume"]["jsonData"]["externalId"] == "12345"
    assert found["xray-local"]["jsonData"]["endpoint"] == "http://127.0.0.1:4000"


def test_a_source_that_names_no_region_takes_the_accounts() -> None:
    assert sources(example())["xray"]["jsonData"]["defaultRegion"] == "eu-west-1"


def test_cloudwatch_stands_beside_each_source_and_leads_to_it() -> None:
    found = sources(odd("everything"))
    assert found["xray-keys-cloudwatch"]["type"] == "cloudwatch"
    assert found["xray-keys-cloudwatch"]["jsonData"]["tracingDatasourceUid"] == "xray-keys"
    assert "endpoint" not in found["xray-local-cloudwatch"]["jsonData"]


def test_loki_gets_tenant_and_credentials_without_a_literal() -> None:
    everything, regions = sources(odd("everything"))["logs"], sources(odd("many-regions"))["loki"]
    assert everything["jsonData"]["httpHeaderName1"] == "X-Scope-OrgID"
    assert everything["jsonData"]["httpHeaderName2"] == "Authorization"
    assert everything["secureJsonData"] == {"httpHeaderValue1": "shop", "httpHeaderValue2": "Bearer $__env{LOKI_TOKEN}"}
    assert (regions["basicAuth"], regions["basicAuthUser"]) == (True, "grafana")
    assert regions["secureJsonData"] == {"httpHeaderValue1": "shop", "basicAuthPassword": "$__env{LOKI_PASSWORD}"}


def test_without_loki_there_is_no_link_to_it() -> None:
    found = sources(odd("no-loki"))
    assert found.keys() == {"xray", "xray-cloudwatch"}
    assert "tracesToLogsV2" not in found["xray"]["jsonData"]
    assert "correlations" not in found["xray"]


def test_grafana_removes_sources_that_the_bundle_no_longer_has() -> None:
    assert build_datasources(example()).document["prune"] is True


def test_each_source_has_a_pair_of_links_for_each_form_of_the_id() -> None:
    fields = sources(odd("many-regions"))["loki"]["jsonData"]["derivedFields"]
    pairs = [(field["name"], field["urlDisplayLabel"]) for field in fields]
    assert len(pairs) == 3 * 3 * 2
    assert pairs[:2] == [("Trace (X-Ray us-east-1)", "Explore trace"), ("Trace (X-Ray us-east-1)", "Open trace board")]
    assert fields[0]["datasourceUid"] == "xray-use1"
    assert fields[0]["url"] == "$${__value.raw}"
    assert (
        fields[1]["url"] == "/d/world-trace/x-ray-trace?var-traceId=$${__value.raw}&var-xray=xray-use1&var-loki=loki&$${__url_time_range}"
    )


def test_only_the_forms_that_lines_hold_are_looked_for() -> None:
    w3c_only = sources(odd("everything"))["logs"]["jsonData"]["derivedFields"]
    xray_only = sources(odd("non-ascii"))["loki"]["jsonData"]["derivedFields"]
    assert {field["name"].split(" (")[0] for field in w3c_only} == {"Trace", "W3C trace in the line"}
    assert {field["name"].split(" (")[0] for field in xray_only} == {"Trace", "Trace in the line"}
    query = sources(odd("non-ascii"))["xray"]["jsonData"]["tracesToLogsV2"]["query"]
    assert query == '{service_name=~".+"} |= `$${__trace.traceId}`'


def test_trace_lists_lead_to_access_and_application_lines() -> None:
    alb, lines = sources(example())["xray"]["correlations"]
    assert (alb["label"], alb["config"]["field"]) == ("ALB line", "Id")
    assert alb["config"]["target"]["expr"] == '{log_type="access"} |= `$${id}` | trace_id=`$${id}`'
    assert lines["config"]["target"]["expr"] == '{service_name=~".+", log_type!="access"} |~ `$${id}|$${a}$${b}`'
    assert {alb["label"], lines["label"]} == {"ALB line", "Log lines"}
