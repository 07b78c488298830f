from tests.examples import example, odd
from xray_grafana.dashboards import variables
from xray_grafana.dashboards.service import service_variable
from xray_grafana.dashboards.traces import service_filter


def test_commas_in_options_are_escaped_and_colons_are_not() -> None:
    made = variables.choice("edge", "Call", "", [("a → b", 'edge("a", "b")'), ("all", "http://x")], free_text=False).to_json_data()
    assert made["query"] == 'a → b : edge("a"\\, "b"), all : http://x'
    assert made["options"][0] == {"text": "a → b", "value": 'edge("a", "b")', "selected": True}


def test_an_option_whose_text_is_its_value_stands_once() -> None:
    made = variables.choice("service", "Service", "", [("cart", "cart")], free_text=True).to_json_data()
    assert made["query"] == "cart"
    assert made["allowCustomValue"] is True


def test_the_first_source_is_chosen_at_first() -> None:
    made = variables.xray(odd("many-regions")).to_json_data()
    assert made["query"] == "grafana-x-ray-datasource"
    assert made["current"] == {"text": "X-Ray us-east-1", "value": "xray-use1", "selected": True}


def test_without_services_in_the_config_a_name_is_typed() -> None:
    assert service_variable(odd("minimal")).type == "textbox"
    assert service_variable(example()).to_json_data()["query"] == "storefront, cart, checkout, payments, inventory"


def test_the_search_offers_any_service_each_service_and_each_group() -> None:
    options = service_filter(example()).to_json_data()["options"]
    assert [option["value"] for option in options] == [
        "responsetime >= 0",
        'service("storefront")',
        'service("cart")',
        'service("checkout")',
        'service("payments")',
        'service("inventory")',
        'group.name = "checkout"',
    ]
