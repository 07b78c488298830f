"""Every link between pages leads somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors_of, links_of


def dead_links(page: Path, text: str) -> list[str]:
    """Links that lead to no file, or to no heading in it. Those to other sites are not followed."""
    dead = []
    for link in links_of(text):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.is_file() or ROOT not in target.parents or (anchor and anchor not in anchors_of(target.read_text(encoding="utf-8"))):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_to_a_file_and_a_heading(page: Path) -> None:
    assert dead_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("[a](docs/nowhere.md)", ["docs/nowhere.md"]),
        ("[a](docs/explanation.md#nowhere)", ["docs/explanation.md#nowhere"]),
        ("[a](#nowhere)", ["#nowhere"]),
        ("![a](docs/pictures/nowhere.png)", ["docs/pictures/nowhere.png"]),
        ("[a](../outside.md)", ["../outside.md"]),
        ("[a](http://example.net)", ["http://example.net"]),
        ("[a](docs/explanation.md#the-flow) and `[b](nowhere.md)`", []),
        ("```text\n[a](nowhere.md)\n```\n", []),
    ],
)
def test_a_dead_link_is_found(text: str, dead: list[str]) -> None:
    assert dead_links(ROOT / "README.md", text) == dead


def test_anchors_are_those_of_github() -> None:
    text = "# Why: a *sum*?\n## `services[].alerts`\n## Two\n## Two\n```sh\n# no heading\n```\n"
    assert anchors_of(text) == {"why-a-sum", "servicesalerts", "two", "two-1"}


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached = {ROOT / "README.md"}
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        for link in links_of(page.read_text(encoding="utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target not in reached:
                reached.add(target)
                todo.append(target)
    assert [page.relative_to(ROOT).as_posix() for page in PAGES if page not in reached] == []
