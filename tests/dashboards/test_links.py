from tests.examples import example, odd
from xray_grafana.dashboards.links import Links, encoded


def test_literal_text_is_encoded_and_placeholders_are_not() -> None:
    assert encoded('service("${__value.raw:percentencode}") { fault = true }') == (
        "service%28%22${__value.raw:percentencode}%22%29%20%7B%20fault%20%3D%20true%20%7D"
    )


def test_a_link_carries_sources_and_time_range() -> None:
    assert Links(example()).url("trace", {"traceId": "1-a"}) == (
        "/d/xray-trace/x-ray-trace?var-traceId=1-a&var-xray=${xray}&var-loki=${loki}&${__url_time_range}"
    )


def test_without_loki_no_link_speaks_of_it() -> None:
    assert "loki" not in Links(odd("no-loki")).url("trace", {"traceId": "1-a"})


def test_the_plugins_own_links_go_before_ours_come() -> None:
    first, node, edge = Links(example()).on_map()
    assert first == {"matcher": {"id": "byName", "options": "id"}, "properties": [{"id": "links", "value": None}]}
    assert node["matcher"]["options"] == "title"
    assert edge["matcher"]["options"] == "sourceName"
    assert [link["title"] for link in node["properties"][0]["value"]] == [
        "Service/Open its board",
        "Service/Its failed traces",
        "Service/All its traces",
        "Service/Root causes in its traces",
    ]
