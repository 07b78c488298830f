"""The preview page as a whole: what it shows, what it lets nobody inject, and that it never changes by itself."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.bundle.preview.documents import LOKI, SHARED, XRAY, Json, Page, board, faults, link, pages, panel, trace
from xray_grafana.bundle.artifact import Bundle, Format
from xray_grafana.bundle.build import build_bundle
from xray_grafana.bundle.preview import build_preview
from xray_grafana.config.example import example_text
from xray_grafana.config.load import parse_config

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"quoted\" 'single' {{ 7 * 7 }} ${x} Ünï 商店"


def html_of(documents: list[tuple[str, Json]], datasources: Json | None = None, alerting: Json | None = None, name: str = "Shop") -> str:
    content = build_preview(name, documents, datasources, alerting).content
    assert isinstance(content, str)
    return content


def page_of(*boards: Json, **more: Any) -> Page:
    return Page(html_of([(f"dashboards/{index}.json", document) for index, document in enumerate(boards)], **more))


def dead_anchors(page: Page) -> list[str]:
    ids = {element.attributes["id"] for element in page.elements if "id" in element.attributes}
    return [
        element.attributes["href"]
        for element in page.elements
        if "href" in element.attributes and element.attributes["href"].removeprefix("#") not in ids
    ]


@pytest.fixture(scope="module")
def example() -> Bundle:
    return build_bundle(parse_config(example_text(), "bundle.yaml"))


def test_it_is_one_text_file_at_the_top_of_the_bundle() -> None:
    artifact = build_preview("Shop", pages(), None, None)
    assert (artifact.path, artifact.format) == ("preview.html", Format.TEXT)


class TestBoards:
    def test_every_panel_has_one_card_and_one_entry(self) -> None:
        page = Page(html_of(pages()))
        expected = ["panel-t-home-1", "panel-t-home-2", "panel-t-home-4", "panel-t-trace-1"]
        assert [entry.attributes["id"] for entry in page.of("entry")] == expected
        assert [card.attributes["data-entry"] for card in page.of("card")] == expected

    def test_a_card_stands_at_its_place_in_the_grid(self) -> None:
        page = Page(html_of(pages()))
        assert page.by_id("card-t-home-2").attributes["style"] == "grid-area:1/13/span 8/span 12"

    def test_panels_of_a_folded_row_start_at_the_rows_own_top(self) -> None:
        card = Page(html_of(pages())).by_id("card-t-home-4")
        assert card.attributes["style"] == "grid-area:1/1/span 6/span 24"
        assert [element.tag for element in card.around if "row" in element.classes] == ["details"]

    def test_an_open_row_keeps_the_panels_after_it(self) -> None:
        row = {"id": 9, "type": "row", "title": "Below", "collapsed": False, "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}, "panels": []}
        page = page_of(board("b", "B", [faults(), row, panel(2, "Under", (6, 9, 6, 4))]))
        assert page.by_id("card-b-2").attributes["style"] == "grid-area:1/7/span 4/span 6"
        assert "row “Below”" in page.by_id("panel-b-2").text

    def test_a_panel_wider_than_the_grid_is_drawn_inside_it(self) -> None:
        page = page_of(board("b", "B", [panel(1, "Wide", (20, 0, 99, 3))]))
        assert page.by_id("card-b-1").attributes["style"] == "grid-area:1/1/span 3/span 24"

    def test_the_head_says_range_refresh_and_queries(self) -> None:
        section = Page(html_of(pages())).by_id("board-t-home").text
        for words in (
            "uid t-home",
            "Is anything wrong?",
            "opens with last hour",
            "asks again every 1m",
            "1 X-Ray query on load",
            "0 Loki queries on load, 1 more in folded rows",
        ):
            assert words in section

    @pytest.mark.parametrize(
        ("time", "words"),
        [
            ({"from": "now-6h", "to": "now"}, "opens with last 6 hours"),
            ({"from": "now-1d/d", "to": "now"}, "opens with now-1d/d to now"),
            ({}, "opens with Grafana's default range"),
        ],
    )
    def test_ranges_read_as_grafana_writes_them(self, time: Json, words: str) -> None:
        assert words in page_of(board("b", "B", [], time=time)).by_id("board-b").text

    def test_the_navigation_counts_panels_and_queries(self) -> None:
        (first, second) = [
            element.text for element in Page(html_of(pages())).tags("a") if any("side" in around.classes for around in element.around)
        ]
        assert first == "Overview 3 panels · 1 X-Ray · 1 Loki"
        assert second == "One trace 1 panel"

    def test_variables_show_name_type_default_and_choices(self) -> None:
        options = [{"text": f"s{number}", "value": f"s{number}"} for number in range(8)]
        variables = [
            {"name": "service", "label": "Service", "type": "custom", "current": {"text": "s0", "value": "s0"}, "options": options},
            {"name": "id", "type": "textbox", "current": {"text": "", "value": ""}, "description": "Paste an id"},
            {"name": "xray", "type": "datasource", "query": "grafana-x-ray-datasource"},
            {"name": "lb", "type": "query", "current": {"text": ["All"]}, "query": {"label": "lb"}},
            {"name": "slow", "type": "custom", "query": "fast : 1, slow : 2"},
        ]
        (listed,) = page_of(board("b", "B", [], templating={"list": variables})).of("variables")
        for words in (
            "Service s0 $service list: s0, s1, s2, s3, s4, s5 and 2 more",
            "id empty $id free text — Paste an id",
            "xray the first one found $xray data source: grafana-x-ray-datasource",
            'lb All $lb query: {"label": "lb"}',
            "$slow list: fast : 1, slow : 2",
        ):
            assert words in listed.text

    def test_the_menu_in_a_boards_head_is_named_by_its_tag(self) -> None:
        head = [{"type": "dashboards", "tags": ["till"]}, {"type": "link", "title": "Trace", "url": "/d/t-trace/x"}]
        words = page_of(board("b", "B", [faults()], links=head), trace()).of("head-links")[0].text
        assert words == "In its head: Trace → One trace , a drop-down of all boards tagged till"

    def test_a_board_without_keys_is_still_drawn(self) -> None:
        page = page_of({})
        assert "Untitled board" in page.by_id("board-dashboards.2f.0.2e.json").text
        assert "This board has no panels." in page.by_id("board-dashboards.2f.0.2e.json").text

    def test_a_panel_without_keys_is_still_drawn(self) -> None:
        entry = page_of(board("b", "B", [{}])).by_id("panel-b-0").text
        assert "Untitled panel" in entry
        assert "Asks nothing." in entry

    def test_a_row_without_panels_is_a_bar(self) -> None:
        rows: list[Json] = [
            {"type": "row", "collapsed": True, "repeat": "group", "panels": []},
            {"type": "row", "title": "Next", "gridPos": {"y": 1}},
        ]
        texts = [row.text for row in page_of(board("b", "B", rows)).of("row")]
        assert texts == ["Untitled row 0 panels, once per $group", "Next 0 panels"]

    def test_no_boards_give_a_sentence(self) -> None:
        assert "This bundle holds no dashboards." in Page(html_of([], {}, {})).by_id("boards").text


class TestPanels:
    def test_an_entry_names_type_size_unit_thresholds_and_description(self) -> None:
        steps = [{"color": "green", "value": None}, {"color": "dark-orange", "value": 0.01}, {"color": "#AB12cd", "value": 0.05}]
        defaults = {"unit": "percentunit", "thresholds": {"mode": "absolute", "steps": steps}}
        document = panel(
            7, "Fault rate", (0, 0, 5, 4), "stat", description="Share of 5xx.", fieldConfig={"defaults": defaults}, repeat="lb"
        )
        page = page_of(board("b", "B", [document]))
        assert "Stat · panel 7 · 5×4 · once per $lb ↑ Share of 5xx. percent, 1 is 100 % base ≥ 1 % ≥ 5 %" in page.by_id("panel-b-7").text
        colours = [element.attributes["style"] for element in page.tags("i") if element.around[-1].classes == ["step"]]
        assert colours == ["background:#73bf69", "background:#ff9830", "background:#ab12cd"]

    def test_a_shared_answer_links_to_the_panel_that_asks(self) -> None:
        page = Page(html_of(pages()))
        entry = page.by_id("panel-t-home-2")
        assert "shares the answer of panel 1, Latest faults" in entry.text
        assert [element.attributes["href"] for element in page.tags("a") if entry in element.around] == [
            "#card-t-home-2",
            "#panel-t-home-1",
        ]

    def test_sharing_from_a_panel_that_is_not_there_is_marked(self) -> None:
        lost = panel(2, "Lost", (0, 0, 6, 4), targets=[{"refId": "A", "datasource": SHARED, "panelId": 77}])
        (mark,) = page_of(board("b", "B", [lost])).of("dead")
        assert mark.text == "shares the answer of panel 77, which this board does not have"

    def test_links_lead_to_the_boards_section_and_say_what_travels_along(self) -> None:
        page = Page(html_of(pages()))
        entry = page.by_id("panel-t-home-1")
        assert "panel menu Open trace → One trace with traceId, time range" in entry.text
        assert "#board-t-trace" in [element.attributes.get("href") for element in page.tags("a") if entry in element.around]

    def test_a_link_to_an_unknown_board_is_marked(self) -> None:
        (mark,) = page_of(board("b", "B", [faults(links=[link("/d/t-gone/x")])])).of("dead")
        assert mark.text == "board t-gone is not in this bundle"

    def test_a_link_to_elsewhere_is_shown_but_cannot_be_clicked(self) -> None:
        page = page_of(board("b", "B", [faults(links=[link("javascript:alert(1)")])]))
        assert "Open → javascript:alert(1)" in page.by_id("panel-b-1").text
        assert all(element.attributes["href"].startswith("#") for element in page.elements if "href" in element.attributes)

    def test_links_of_fields_and_of_written_text_are_found(self) -> None:
        override = {"matcher": {"id": "byName", "options": "Id"}, "properties": [{"id": "links", "value": [link("/d/t-trace/x", "Trace")]}]}
        config = {"defaults": {"links": [link("/sub/path/d/t-trace", "Any")]}, "overrides": [override]}
        text = panel(2, "Help", (0, 8, 24, 4), "text", options={"content": "Read [the trace](/d/t-trace/x) first."})
        page = page_of(board("b", "B", [faults(fieldConfig=config), text]), trace())
        assert "any value Any → One trace" in page.by_id("panel-b-1").text
        assert "field Id Trace → One trace" in page.by_id("panel-b-1").text
        assert "text the trace → One trace" in page.by_id("panel-b-2").text
        assert "Asks nothing" not in page.by_id("panel-b-2").text

    def test_field_settings_and_transformations_are_folded(self) -> None:
        overrides = [
            {
                "matcher": {"id": "byName", "options": "Fault"},
                "properties": [{"id": "unit", "value": "s"}, {"id": "displayName", "value": "Faults"}],
            },
            {
                "matcher": {"id": "byName", "options": "id"},
                "properties": [{"id": "links", "value": None}, {"id": "custom.hidden", "value": True}],
            },
            {"matcher": {"id": "byName", "options": "Type"}, "properties": [{"id": "mappings", "value": [{}, {}]}]},
            {"matcher": {"id": "byName", "options": "Width"}, "properties": [{"id": "custom.width", "value": 80}]},
        ]
        steps = [{"id": "sortBy", "options": {"sort": [{"field": "Fault", "desc": True}]}}]
        page = page_of(board("b", "B", [faults(fieldConfig={"overrides": overrides}, transformations=steps)]))
        fields, transformations = page.of("fold")
        assert (
            fields.text
            == "3 field settings Fault seconds shown as Faults id the plugin's own links are taken away · hidden Type 2 value mappings"
        )
        assert transformations.text == '1 transformation sortBy {"sort": [{"field": "Fault", "desc": true}]}'

    def test_badges_count_the_queries_of_each_source(self) -> None:
        targets = [
            {"refId": "A", "datasource": LOKI, "expr": "x"},
            {"refId": "B", "datasource": LOKI, "expr": "y"},
            {"refId": "C", "datasource": XRAY},
        ]
        card = page_of(board("b", "B", [panel(1, "Mixed", (0, 0, 8, 8), targets=targets)])).by_id("card-b-1")
        assert "Loki ×2 X-Ray" in card.text


class TestSafety:
    def test_names_from_outside_stay_text(self) -> None:
        hostile = panel(
            1,
            HOSTILE,
            (0, 0, 8, 8),
            HOSTILE,
            description=HOSTILE,
            targets=[{"refId": HOSTILE, "datasource": {"type": HOSTILE}, "query": HOSTILE}],
            links=[link(HOSTILE, HOSTILE), link("/d/" + HOSTILE)],
            options={"content": HOSTILE},
            transformations=[{"id": HOSTILE, "options": {HOSTILE: HOSTILE}}],
            fieldConfig={
                "defaults": {
                    "unit": HOSTILE,
                    "thresholds": {"steps": [{"color": HOSTILE}, {"color": "red;background:url(//x)", "value": 1}]},
                },
                "overrides": [{"matcher": {"options": HOSTILE}, "properties": [{"id": "displayName", "value": HOSTILE}]}],
            },
        )
        variable = {"name": HOSTILE, "type": HOSTILE, "current": {"text": HOSTILE}, "query": HOSTILE}
        document = board(HOSTILE, HOSTILE, [hostile], description=HOSTILE, templating={"list": [variable]}, refresh=HOSTILE)
        source = {
            "name": HOSTILE,
            "uid": HOSTILE,
            "type": HOSTILE,
            "url": HOSTILE,
            "correlations": [{"label": HOSTILE, "targetUID": HOSTILE}],
        }
        rule = {"title": HOSTILE, "labels": {"severity": HOSTILE}, "annotations": {"__dashboardUid__": HOSTILE}, "condition": HOSTILE}
        page = page_of(document, name=HOSTILE, datasources={"datasources": [source]}, alerting={"groups": [{"rules": [rule]}]})
        assert len(page.tags("script")) == 1
        assert page.tags("img") == []
        assert not [name for element in page.elements for name in element.attributes if name.startswith("on")]
        assert "alert(1)" not in page.tags("script")[0].text
        styles = [element.attributes["style"] for element in page.elements if "style" in element.attributes]
        assert styles
        assert all(re.fullmatch(r"(max-width|background|grid-area|--rows):[#\w/ ]+", style) for style in styles)
        assert page.tags("h1")[0].text == HOSTILE
        assert page.tags("h4")[0].text == HOSTILE
        assert page.tags("title")[0].text.startswith(HOSTILE)

    def test_the_policy_names_the_hash_of_the_script_and_allows_nothing_from_outside(self) -> None:
        html = html_of(pages())
        (policy,) = [element.attributes["content"] for element in Page(html).tags("meta") if element.attributes.get("http-equiv")]
        script = html.partition("<script>")[2].partition("</script>")[0]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"

    def test_nothing_is_loaded(self) -> None:
        page = Page(html_of(pages()))
        assert [element for element in page.elements if "src" in element.attributes or element.tag in {"link", "iframe", "img"}] == []
        assert "url(http" not in page.tags("style")[0].text
        assert "@import" not in page.tags("style")[0].text

    def test_secret_values_never_reach_the_page(self) -> None:
        source = {"name": "X-Ray", "uid": "x", "type": "grafana-x-ray-datasource", "secureJsonData": {"secretKey": "hunter2"}}
        html = html_of([], {"datasources": [source]})
        assert "secrets: secretKey" in html
        assert "hunter2" not in html


class TestDeterminism:
    def test_the_same_input_gives_the_same_bytes_under_any_hash_seed_locale_and_folder(self, tmp_path: Any) -> None:
        program = (
            "import hashlib; from tests.bundle.preview.documents import pages; from xray_grafana.bundle.preview import build_preview;"
            "print(hashlib.sha256(build_preview('Shop', pages(), {}, {}).content.encode()).hexdigest())"
        )
        digests = set()
        for seed, zone in (("0", "UTC"), ("4711", "Asia/Tokyo")):
            environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd(), "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}  # noqa: PTH109
            run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True)
            digests.add(run.stdout)
        assert digests == {hashlib.sha256(html_of(pages(), {}, {}).encode()).hexdigest() + "\n"}

    def test_the_input_is_left_as_it_was(self) -> None:
        documents = pages()
        html_of(documents)
        assert documents == pages()


class TestLinks:
    def test_every_anchor_on_the_page_exists(self) -> None:
        assert dead_anchors(Page(html_of(pages(), {}, {}))) == []

    def test_no_id_stands_twice(self) -> None:
        ids = [element.attributes["id"] for element in Page(html_of(pages())).elements if "id" in element.attributes]
        assert len(ids) == len(set(ids))

    def test_a_missing_section_would_be_noticed(self) -> None:
        html = html_of(pages()).replace('id="board-t-trace"', "")
        assert "#board-t-trace" in dead_anchors(Page(html))


class TestExampleBundle:
    def test_every_panel_of_every_board_is_on_the_page_once(self, example: Bundle) -> None:
        expected = set()
        for artifact in [artifact for artifact in example if artifact.part == "dashboards"]:
            for outer in artifact.document["panels"]:
                for inner in [outer, *outer.get("panels", [])]:
                    if inner["type"] != "row":
                        expected.add(f"panel-{artifact.document['uid']}-{inner['id']}")
        found = [entry.attributes["id"] for entry in self.page(example).of("entry")]
        assert sorted(found) == sorted(expected)
        assert len(expected) > 50

    def test_no_link_is_dead(self, example: Bundle) -> None:
        page = self.page(example)
        assert dead_anchors(page) == []
        assert [mark.text for mark in page.of("dead")] == []

    def test_no_id_stands_twice(self, example: Bundle) -> None:
        ids = [element.attributes["id"] for element in self.page(example).elements if "id" in element.attributes]
        assert len(ids) == len(set(ids))

    def test_it_stays_small(self, example: Bundle) -> None:
        content = example["preview.html"].content
        assert isinstance(content, str)
        assert len(content.encode()) < 400_000

    @staticmethod
    def page(bundle: Bundle) -> Page:
        content = bundle["preview.html"].content
        assert isinstance(content, str)
        return Page(content)
