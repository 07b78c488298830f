from typing import Any

import pytest

from tests.examples import example, odd
from xray_grafana.bundle.render import render
from xray_grafana.config import Config
from xray_grafana.dashboards.alert_guide import GUIDES
from xray_grafana.provisioning.alerting import alert_groups, build_alerting
from xray_grafana.provisioning.rules import rule_uid


def rules(config: Config) -> dict[str, dict[str, Any]]:
    return {rule["uid"]: rule for group in alert_groups(build_alerting(config)) for rule in group["rules"]}


def data(rule: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["refId"]: item for item in rule["data"]}


def test_each_service_gets_four_rules_and_each_load_balancer_three() -> None:
    found = rules(example())
    assert [uid for uid in found if uid.endswith("-cart")] == [
        "xray-fault-xray-cart",
        "xray-latency-xray-cart",
        "xray-throttle-xray-cart",
        "xray-traffic-xray-cart",
    ]
    assert {"xray-alb5xx-loki", "xray-albp99-loki", "xray-albids-loki", "xray-silent-xray"} <= found.keys()
    assert len(found) == 1 + 5 * 4 + 3


def test_a_service_without_requests_alerts_nobody() -> None:
    """No rows is an Error in Grafana; only the rule for a silent source may take it as an alert."""
    for rule in rules(odd("many-regions")).values():
        silent = rule["labels"].get("kind") == "silent_source"
        expected = ("Alerting", "Alerting") if silent else ("KeepLast", "OK")
        assert (rule["execErrState"], rule["noDataState"]) == expected, rule["uid"]


def test_ratios_count_only_above_a_number_of_requests() -> None:
    items = data(rules(example("alerts.min_requests=50"))["xray-fault-xray-cart"])
    assert items["RATIO"]["model"]["expression"] == "($COUNTED_SUM / ($REQUESTS_SUM + ($REQUESTS_SUM == 0))) * ($REQUESTS_SUM >= 50)"
    assert items["CONDITION"]["model"]["conditions"] == [{"evaluator": {"type": "gt", "params": [0.05]}}]


def test_statistics_are_asked_one_column_a_query_over_a_settled_window() -> None:
    items = data(rules(example())["xray-fault-xray-cart"])
    assert items["COUNTED"]["model"]["columns"] == ["FaultStatistics.TotalCount"]
    assert items["REQUESTS"]["model"]["columns"] == ["TotalCount"]
    assert items["COUNTED"]["model"]["query"] == 'service("cart")'
    assert items["COUNTED"]["relativeTimeRange"] == {"from": 15 * 60 + 180, "to": 180}


def test_latency_is_weighed_by_requests() -> None:
    items = data(rules(example())["xray-latency-xray-cart"])
    assert items["SPENT"]["model"]["expression"] == "$AVERAGE * $REQUESTS"
    assert items["SPENT_SUM"]["model"]["settings"] == {"mode": "dropNN"}


def test_traffic_loss_compares_with_three_hours_before() -> None:
    """0.1 of what fell in a 15-minute window of the three hours before: a twelfth of it, times 0.1."""
    items = data(rules(example())["xray-traffic-xray-cart"])
    assert items["ALL"]["relativeTimeRange"] == {"from": 10800 + 900 + 180, "to": 180}
    assert items["BEFORE"]["relativeTimeRange"] == {"from": 10800 + 900 + 180, "to": 900 + 180}
    assert (
        items["LOST"]["model"]["expression"]
        == "($BEFORE_SUM >= 200) * ($BEFORE_MINUTES >= 120) * (($ALL_SUM - $BEFORE_SUM) < ($BEFORE_SUM * 0.00833333))"
    )


@pytest.mark.parametrize(
    ("uid", "limit"),
    [
        ("xray-fault-xray-checkout", 0.01),
        ("xray-latency-xray-checkout", 0.5),
        ("xray-latency-xray-cart", 1.0),
        ("xray-throttle-xray-checkout", 0.02),
    ],
)
def test_a_service_may_have_limits_of_its_own(uid: str, limit: float) -> None:
    condition = data(rules(example())[uid])["CONDITION"]["model"]["conditions"][0]
    assert condition["evaluator"]["params"] == [limit]


def test_what_is_slow_for_a_service_is_its_latency_limit_unless_it_has_one() -> None:
    config = example("services.1.slow_seconds=0.3")
    assert data(rules(config)["xray-latency-xray-cart"])["CONDITION"]["model"]["conditions"][0]["evaluator"]["params"] == [0.3]


def test_services_are_watched_only_where_they_run() -> None:
    found = rules(odd("many-regions"))
    assert "world-fault-xray-euw1-checkout" in found
    assert not [uid for uid in found if "apse2" in uid and "checkout" in uid]


def test_rules_that_are_switched_off_are_not_there() -> None:
    found = rules(odd("everything"))
    assert not [uid for uid in found if "batch" in uid or "silent" in uid]
    assert "full-traffic-xray-keys-checkout" not in found
    assert build_alerting(odd("no-loki")) == ()


def test_rules_to_delete_are_named_and_a_contact_point_is_taken() -> None:
    (deleted,) = [artifact for artifact in build_alerting(odd("everything")) if artifact.path.endswith("deleted-rules.yaml")]
    assert deleted.document["deleteRules"] == [{"orgId": 1, "uid": "full-fault-xray-keys-cart"}]
    assert all(rule["notification_settings"] == {"receiver": "on-call"} for rule in rules(odd("everything")).values())
    assert all("notification_settings" not in rule for rule in rules(example()).values())


def test_annotations_lead_to_board_panel_and_runbook() -> None:
    annotations = rules(example())["xray-fault-xray-cart"]["annotations"]
    assert annotations["__dashboardUid__"] == "xray-service"
    assert annotations["__panelId__"] == "2"
    assert annotations["runbook_url"] == "http://localhost:3000/d/xray-pipeline/x-ray-pipeline-health?viewPanel=90"
    assert annotations["description"] == (
        "More than 5 % of its requests ended in a fault (5xx), over 15m. "
        "Look at http://localhost:3000/d/xray-service/x-ray-service?var-service=cart&var-xray=xray&var-slow=1"
    )
    elsewhere = rules(odd("everything"))["full-fault-xray-keys-storefront"]["annotations"]
    assert elsewhere["runbook_url"] == "https://wiki.example.net/xray#fault-ratio"
    assert "https://grafana.example.net/observe/d/full-service/" in elsewhere["description"]


def test_every_rule_begins_with_the_title_of_its_guide() -> None:
    titles = tuple(guide.title for guide in GUIDES)
    for rule in rules(odd("many-regions")).values():
        assert rule["title"].startswith(titles)


def test_a_uid_stays_readable_where_the_name_allows_it() -> None:
    assert rule_uid("xray", "fault", "xray", "checkout") == "xray-fault-xray-checkout"


@pytest.mark.parametrize("name", ["Käse-Börse", "検索", "a" * 200, "x y", "x/y"])
def test_a_uid_is_always_one_that_grafana_takes(name: str) -> None:
    uid = rule_uid("a-prefix-of-20-chars", "throttle", "xray", name)
    assert len(uid) <= 40
    assert uid.isascii()
    assert uid.replace("-", "").replace("_", "").isalnum()


def test_names_that_shorten_to_the_same_text_keep_apart() -> None:
    assert rule_uid("xray", "fault", "xray", "x y") != rule_uid("xray", "fault", "xray", "x/y")
    assert rule_uid("xray", "fault", "a-b", "c" * 40) != rule_uid("xray", "fault", "a", "b-" + "c" * 40)


def test_each_source_has_a_file_of_its_own() -> None:
    assert [artifact.path for artifact in build_alerting(odd("many-regions"))] == [
        "provisioning/alerting/world-source-xray-use1.yaml",
        "provisioning/alerting/world-source-xray-euw1.yaml",
        "provisioning/alerting/world-source-xray-apse2.yaml",
        "provisioning/alerting/world-load-balancers.yaml",
    ]


def test_dollars_are_doubled_where_grafana_expands_them() -> None:
    """In names and the receiver; not in annotations and models, where one dollar is a template's own."""
    config = example("grafana.folder=Kosten $x", "alerts.contact_point=pay $y")
    group = alert_groups(build_alerting(config))[0]
    assert group["folder"] == "Kosten $$x alerts"
    assert group["rules"][0]["notification_settings"] == {"receiver": "pay $$y"}
    assert alert_groups(build_alerting(example()))[1]["rules"][0]["annotations"]["summary"].startswith("{{ humanizePercentage $values")


def test_a_source_with_many_services_has_files_that_a_client_may_apply() -> None:
    services = [f"services.{number}.name=service-{number}" for number in range(5, 40)]
    artifacts = build_alerting(example(*services))
    assert [artifact.path.rpartition("/")[2] for artifact in artifacts] == [
        "xray-source-xray.yaml",
        "xray-source-xray.2.yaml",
        "xray-source-xray.3.yaml",
        "xray-load-balancers.yaml",
    ]
    assert max(len(render(artifact)) for artifact in artifacts) < 262_144
    assert len(alert_groups(artifacts)) == 1 + 40 + 1


def test_a_batch_job_is_not_missed() -> None:
    """It has many requests in few minutes; only a service with requests in most minutes can lose its traffic."""
    items = data(rules(example())["xray-traffic-xray-cart"])
    assert items["BEFORE_MINUTES"]["model"]["reducer"] == "count"
    assert "($BEFORE_MINUTES >= 120)" in items["LOST"]["model"]["expression"]


def test_lines_of_load_balancers_are_judged_when_they_have_arrived() -> None:
    item = data(rules(example())["xray-alb5xx-loki"])["LINES"]
    assert item["relativeTimeRange"] == {"from": 900 + 600, "to": 600}


def test_without_an_address_of_grafana_texts_hold_no_link() -> None:
    for rule in rules(odd("china")).values():
        assert "/d/" not in rule["annotations"]["description"]


def test_a_source_may_say_nothing_unless_asked_for() -> None:
    assert not [uid for uid in rules(odd("china")) if "silent" in uid]
    assert "xray-silent-xray" in rules(example())
