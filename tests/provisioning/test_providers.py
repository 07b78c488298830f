from tests.examples import example, odd
from xray_grafana.provisioning.alerting import alert_folder
from xray_grafana.provisioning.providers import build_providers


def test_boards_are_found_where_the_container_mounts_them() -> None:
    (provider,) = build_providers(example()).document["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    assert (provider["folder"], provider["folderUid"]) == ("AWS X-Ray", "xray-boards")
    assert provider["allowUiUpdates"] is False


def test_a_dollar_in_the_folder_survives_grafanas_expansion() -> None:
    (provider,) = build_providers(example("grafana.folder=Kosten $x")).document["providers"]
    assert provider["folder"] == "Kosten $$x"


def test_rules_go_to_a_folder_of_another_title() -> None:
    """At a first start Grafana would make two folders of one title."""
    config = odd("non-ascii")
    assert alert_folder(config) == "Überwachung alerts"
    assert alert_folder(config) != config.grafana.folder
