import pytest

from xray_grafana.xray import filters


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (filters.service("checkout"), 'service("checkout")'),
        (filters.service("checkout", "fault = true"), 'service("checkout") { fault = true }'),
        (filters.any_service("fault = true"), "service() { fault = true }"),
        (filters.edge("web", "checkout"), 'edge("web", "checkout")'),
        (filters.edge("web", "checkout", "error"), 'edge("web", "checkout") { error }'),
        (filters.group("slow"), 'group.name = "slow"'),
        (filters.service("$service"), 'service("$service")'),
        (filters.service(r"a\b"), r'service("a\\b")'),
    ],
)
def test_expressions_are_written_as_the_language_has_them(made: str, expected: str) -> None:
    assert made == expected
