"""The preview page in a real browser, opened from disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from tests.bundle.preview.documents import board as board_of
from tests.bundle.preview.documents import pages, panel
from xray_grafana.bundle.build import build_bundle
from xray_grafana.bundle.preview import build_preview
from xray_grafana.config.example import example_text
from xray_grafana.config.load import parse_config

Scheme = Literal["dark", "light"]
# WCAG 2.2, success criterion 1.4.3 (AA): ordinary text.
LEAST_CONTRAST = 4.5
HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"

# Text elements with their colour, and the colours behind them from the nearest to the page's own.
PAINT = """() => {
  const seen = new Set(), found = [];
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("svg") || !element.checkVisibility()) continue;
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const behind = [];
    for (let at = element; at; at = at.parentElement) behind.push(getComputedStyle(at).backgroundColor);
    const paint = { colour: getComputedStyle(element).color, behind, words: element.textContent.trim().slice(0, 40) };
    const key = JSON.stringify([paint.colour, behind]);
    if (!seen.has(key)) { seen.add(key); found.push(paint); }
  }
  return found;
}"""


# The elements whose text reaches beyond them; inline ones have no box of their own.
CUT = """(all) => all
  .filter((each) => each.clientWidth)
  .filter((each) => each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1)
  .map((each) => each.textContent)"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("preview")


@pytest.fixture(scope="module")
def small(folder: Path) -> str:
    hostile = board_of(HOSTILE, HOSTILE, [panel(1, HOSTILE, (0, 0, 24, 8), description=HOSTILE)])
    return written(folder / "small.html", build_preview(HOSTILE, [*pages(), ("dashboards/odd.json", hostile)], {}, {}).content)


@pytest.fixture(scope="module")
def example(folder: Path) -> str:
    return written(folder / "example.html", build_bundle(parse_config(example_text(), "bundle.yaml"))["preview.html"].content)


def written(path: Path, content: object) -> str:
    assert isinstance(content, str)
    path.write_text(content, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    """A tab in which any complaint of the browser and any request but the page itself fails the test."""
    complaints: list[str] = []
    requests: list[str] = []
    tab = chromium.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    yield tab
    opened = [url for url in requests if not url.startswith("file://") or not url.partition("#")[0].endswith(".html")]
    tab.close()
    assert (complaints, opened) == ([], [])


def luminance(rgb: tuple[float, float, float]) -> float:
    """Relative luminance as WCAG 2.2 defines it."""

    def linear(channel: float) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    dark, bright = sorted((luminance(first), luminance(second)))
    return (bright + 0.05) / (dark + 0.05)


def channels(css: str) -> tuple[tuple[float, float, float], float]:
    """`rgb(1, 2, 3)` or `rgba(1, 2, 3, 0.5)` as colour and opacity."""
    numbers = [float(number) for number in re.findall(r"[\d.]+", css)]
    return (numbers[0], numbers[1], numbers[2]), (numbers[3] if len(numbers) > 3 else 1.0)


def too_faint(tab: Tab) -> list[str]:
    """The texts whose contrast with what is behind them is below AA."""
    faint = []
    for paint in tab.evaluate(PAINT):
        behind = next(colour for colour, opacity in map(channels, paint["behind"]) if opacity == 1)
        ratio = contrast(channels(paint["colour"])[0], behind)
        if ratio < LEAST_CONTRAST:
            faint.append(f"{paint['words']}: {ratio:.2f}")
    return faint


def visible(tab: Tab, selector: str) -> list[str]:
    found: list[str] = tab.eval_on_selector_all(selector, "all => all.filter((each) => each.checkVisibility()).map((each) => each.id)")
    return found


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


class TestOpening:
    def test_it_opens_from_disk_without_complaint(self, tab: Tab, example: str) -> None:
        tab.goto(example)
        assert tab.title() == "Shop · dashboards preview"
        assert len(visible(tab, ".entry")) > 50

    def test_names_from_outside_run_nothing(self, tab: Tab, small: str) -> None:
        tab.goto(small)
        assert tab.evaluate("window.hacked") is None
        assert tab.locator("h1").inner_text() == HOSTILE

    def test_the_policy_stops_a_script_that_got_in(self, chromium: Browser, small: str, folder: Path) -> None:
        page = Path(small.removeprefix("file://")).read_text(encoding="utf-8")
        injected = written(folder / "injected.html", page.replace("</body>", "<script>window.hacked = 1</script></body>"))
        tab = chromium.new_page()
        tab.goto(injected)
        assert tab.evaluate("window.hacked") is None
        tab.close()

    @pytest.mark.parametrize("width", [1280, 1000, 800, 700])
    def test_it_never_scrolls_sideways(self, tab: Tab, example: str, width: int) -> None:
        tab.set_viewport_size({"width": width, "height": 900})
        tab.goto(example)
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        wide: list[str] = tab.eval_on_selector_all(
            ".card, .entry, td, .variables li, .card-title",
            "all => all.filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent)",
        )
        assert wide == []

    @pytest.mark.parametrize("width", [1280, 800])
    def test_the_drawing_keeps_the_proportions_of_the_grid(self, tab: Tab, small: str, width: int) -> None:
        tab.set_viewport_size({"width": width, "height": 900})
        tab.goto(small)
        left, right = (tab.locator(f"#card-t-home-{number}").bounding_box() for number in (1, 2))
        assert left is not None
        assert right is not None
        assert left["y"] == right["y"]
        assert left["width"] == pytest.approx(right["width"])
        assert left["height"] == pytest.approx(8 * 24 + 7 * 6)


class TestSearch:
    def test_it_finds_a_panel_hides_the_others_and_escape_brings_them_back(self, tab: Tab, small: str) -> None:
        tab.goto(small)
        everything = visible(tab, ".entry, .card, .board")
        tab.keyboard.press("/")
        tab.keyboard.type("Latest FAULTS")
        assert visible(tab, ".entry") == ["panel-t-home-1"]
        assert visible(tab, ".board") == ["board-t-home"]
        expect(tab.locator("#count")).to_have_text("1 of 5 panels")
        tab.keyboard.press("Escape")
        assert visible(tab, ".entry, .card, .board") == everything
        expect(tab.locator("#count")).to_have_text("")

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("newest 5xx", ["panel-t-home-1"]),
            ("|= `boom`", ["panel-t-home-4"]),
            ("fault service", ["panel-t-home-1"]),
            ("waterfall", ["panel-t-trace-1"]),
            ("nowhere at all", []),
        ],
    )
    def test_it_looks_in_titles_descriptions_and_queries(self, tab: Tab, small: str, words: str, found: list[str]) -> None:
        tab.goto(small)
        tab.locator("#search").fill(words)
        assert visible(tab, ".entry") == found
        assert tab.locator("#nothing").is_visible() is (not found)

    def test_the_count_is_announced(self, tab: Tab, small: str) -> None:
        tab.goto(small)
        assert tab.locator("#count").get_attribute("aria-live") == "polite"

    def test_matches_are_marked(self, tab: Tab, small: str) -> None:
        tab.goto(small)
        tab.locator("#search").fill("faults")
        assert tab.evaluate("CSS.highlights.get('found').size") == 2

    def test_following_a_link_out_of_the_found_panels_ends_the_search(self, tab: Tab, small: str) -> None:
        tab.goto(small)
        tab.locator("#search").fill("latest faults")
        tab.locator("#panel-t-home-1 .links a").click()
        assert tab.locator("#search").input_value() == ""
        expect(tab.locator("#board-t-trace h2")).to_be_in_viewport()


class TestMovingAbout:
    def test_a_folded_row_opens_by_keyboard(self, tab: Tab, small: str) -> None:
        tab.goto(small)
        assert not tab.locator("#card-t-home-4").is_visible()
        tab.locator("details.row > summary").focus()
        tab.keyboard.press("Enter")
        assert tab.locator("#card-t-home-4").is_visible()

    def test_the_way_back_to_the_drawing_opens_the_row(self, tab: Tab, small: str) -> None:
        tab.goto(small)
        tab.locator("#panel-t-home-4 .locate").click()
        expect(tab.locator("#card-t-home-4")).to_be_in_viewport()

    def test_a_link_to_another_board_scrolls_to_it(self, tab: Tab, example: str) -> None:
        tab.goto(example)
        tab.locator(".side a", has_text="X-Ray / Trace search").click()
        expect(tab.locator("#board-xray-traces h2")).to_be_in_viewport()
        expect(tab.locator(".side a[aria-current]")).to_have_text(re.compile("Trace search"))
        tab.locator("#board-xray-traces .links a[href='#board-xray-trace']").first.click()
        expect(tab.locator("#board-xray-trace h2")).to_be_in_viewport()

    def test_a_card_leads_to_what_its_panel_asks(self, tab: Tab, example: str) -> None:
        tab.goto(example)
        card = tab.locator("#board-xray-service .card").last
        entry = card.get_attribute("data-entry")
        tab.evaluate("for (const row of document.querySelectorAll('details')) row.open = true")
        card.focus()
        tab.keyboard.press("Enter")
        expect(tab.locator(f"#{entry}")).to_be_in_viewport()

    def test_the_first_tab_stop_skips_to_the_boards(self, tab: Tab, small: str) -> None:
        tab.goto(small)
        tab.keyboard.press("Tab")
        expect(tab.locator(".skip")).to_be_focused()
        tab.keyboard.press("Enter")
        expect(tab.locator("#boards")).to_be_focused()

    def test_pointing_at_a_board_lights_its_arrows(self, tab: Tab, small: str) -> None:
        tab.goto(small)
        tab.locator(".box[data-stop='board-t-home']").hover()
        assert tab.locator(".arrow.near").count() == 1
        tab.locator("h1").hover()
        assert tab.locator(".arrow.near").count() == 0


class TestColours:
    @pytest.mark.parametrize("scheme", ["dark", "light"])
    def test_every_text_can_be_read(self, tab: Tab, example: str, scheme: Scheme) -> None:
        tab.emulate_media(color_scheme=scheme)
        tab.goto(example)
        tab.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        assert len(tab.evaluate(PAINT)) > 15
        assert too_faint(tab) == []

    def test_a_faint_text_would_be_noticed(self, tab: Tab, small: str) -> None:
        tab.emulate_media(color_scheme="dark")
        tab.goto(small)
        tab.evaluate("document.querySelector('h1').style.color = '#555'")
        assert len(too_faint(tab)) == 1

    def test_dark_and_light_follow_the_system_and_the_button_turns_them(self, tab: Tab, small: str) -> None:
        def background() -> str:
            colour: str = tab.evaluate("getComputedStyle(document.body).backgroundColor")
            return colour

        tab.emulate_media(color_scheme="dark")
        tab.goto(small)
        dark = background()
        expect(tab.locator("#theme")).to_have_text("Light")
        tab.emulate_media(color_scheme="light")
        light = background()
        assert luminance(channels(dark)[0]) < 0.05
        assert luminance(channels(light)[0]) > 0.8
        expect(tab.locator("#theme")).to_have_text("Dark")
        tab.locator("#theme").click()
        assert background() == dark
        expect(tab.locator("#theme")).to_have_accessible_name("Switch to light colours")


class TestPrint:
    def test_it_shows_all_panels_and_hides_the_navigation(self, tab: Tab, example: str) -> None:
        tab.goto(example)
        tab.emulate_media(media="print")
        hidden: list[str] = tab.eval_on_selector_all(
            ".card, .entry, .transformations",
            "all => all.filter((each) => !each.checkVisibility() || !each.offsetHeight).map((each) => each.id)",
        )
        assert hidden == []
        assert visible(tab, ".side, .top, .locate") == []

    def test_on_screen_the_same_rows_are_folded(self, tab: Tab, example: str) -> None:
        tab.goto(example)
        assert len(visible(tab, "details.row .card")) == 0
        assert tab.locator("details.row .card").count() > 0

    def test_no_text_is_cut_and_paper_is_white(self, tab: Tab, example: str) -> None:
        tab.emulate_media(color_scheme="dark")
        tab.goto(example)
        tab.emulate_media(media="print", color_scheme="dark")
        tab.set_viewport_size({"width": 1032, "height": 703})
        cut: list[str] = tab.eval_on_selector_all(".card, .entry, pre, td, code", CUT)
        assert cut == []
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert too_faint(tab) == []

    def test_each_board_begins_a_page(self, tab: Tab, small: str) -> None:
        tab.goto(small)
        printed = tab.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 4


def test_without_scripts_the_page_still_shows_everything(chromium: Browser, small: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(small)
    assert tab.locator("#theme").is_hidden()
    assert tab.locator(".entry").count() == 5
    context.close()
