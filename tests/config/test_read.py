from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.config.mistakes import AWS, mistakes
from xray_grafana.config.example import example_text
from xray_grafana.config.nodes import Loc, Place, Scalar, Unquoted, find, place_of, plain_of, scalar
from xray_grafana.config.read import MAX_DEPTH, MAX_VALUES, read_yaml
from xray_grafana.config.syntax import syntax_problem
from xray_grafana.errors import ConfigError

QUOTE = "put a value in quotes if it holds ': ' or ' #' or begins with one of []{},&*!|>%@`"
INDENT = "keys of one mapping begin in the same column"
SECOND_COLON = f"got a second ': ' on the line, or a line indented too far — expected one key with one value ({QUOTE})"
NO_FIT = f"got a line that does not fit the lines above — expected key: value ({INDENT})"
NO_VALUE = f"got a character that begins no value — expected a value ({QUOTE})"
OPEN_QUOTE = "got a quote that is never closed — expected a closing quote"
OPEN_BRACKET = f"got a bracket that is never closed — expected a closing bracket ({QUOTE})"
BRACKET = f"got a bracket or comma where a value belongs — expected a value ({QUOTE})"
TAB = "got a tab — expected blanks for indentation"
BACKSLASH = r"got an unknown escape in double quotes — expected an escape such as \n or \\ (single quotes keep a backslash as it is)"
CONFIG = "expected a mapping with aws (xray-grafana init writes an example)"
STAR = "put text that begins with * in quotes"
NO_TAG = "got a tag (!) — expected a value without a tag (put text that begins with ! in quotes)"
PRINTABLE = "expected printable text (write it as an escape in double quotes)"
SYNTAX = [
    ("a: b: c", "1:5", SECOND_COLON),
    ("a: 1\n b: 2", "2:3", SECOND_COLON),
    ("a:\n\tb: 1", "2:1", TAB),
    ("a: 1\r\n\tb: 2", "2:1", TAB),
    ("a: >\n\tb", "2:1", TAB),
    ("a: @x", "1:4", NO_VALUE),
    ("a: %x", "1:4", NO_VALUE),
    ("a:\n  b: 1\n c: 2", "3:2", NO_FIT),
    ("- a\nb: 1", "2:1", NO_FIT),
    ("a: 'x'y", "1:7", NO_FIT),
    ("  a: 1\nb: 2", "2:1", NO_FIT),
    ("a: 1\nb", "2:1", "got a line without ': ' — expected key: value"),
    ("a: 1\nb: 'x\nc: 2", "2:4", OPEN_QUOTE),
    ('a: "x\n---\n', "1:4", OPEN_QUOTE),
    ("a: [1, 2", "1:4", OPEN_BRACKET),
    ("x: 1\na: {b: 1\n", "2:4", OPEN_BRACKET),
    ("a: ]", "1:4", BRACKET),
    ("a: [1,,2]", "1:7", BRACKET),
    ("a: - b", "1:4", "got '- ' behind a key — expected the list on the lines below its key"),
    ("a: |x\n b", "1:5", "got text behind | or > — expected the text on the lines below"),
    ("a: & b", "1:5", f"got & or * without a name — expected a value ({QUOTE})"),
    ("%YAML 3.0\n---\na", "1:1", f"got text that is not YAML — expected YAML ({QUOTE})"),
]


@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
@pytest.mark.parametrize(("text", "place", "words"), SYNTAX)
def test_both_of_pyyamls_parsers_give_the_same_words_and_place(loader: Any, text: str, place: str, words: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        list(yaml.parse(text, Loader=loader))
    assert str(syntax_problem(caught.value, text, "b.yaml")) == f"b.yaml:{place} syntax: {words}"


def test_a_bad_escape_is_placed_at_its_string_or_itself() -> None:
    """The C parser names the opening quote, the other the character: both are on the line."""
    assert mistakes('a: "\\q"') in ([f"b.yaml:1:{column} syntax: {BACKSLASH}"] for column in (4, 5, 6))


def test_a_syntax_error_comes_after_what_was_found_before_it() -> None:
    assert mistakes("a: 1\na: 2\nb: @\n") == [
        "b.yaml:2:1 a: got the key a second time — expected each key once (the first is on line 1)",
        f"b.yaml:3:4 syntax: {NO_VALUE}",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", f"1:1 top level: got an empty file — {CONFIG}", id="empty"),
        pytest.param("# x\n\n", f"1:1 top level: got an empty file — {CONFIG}", id="comment"),
        pytest.param("\n~\n", f"2:1 top level: got nothing — {CONFIG}", id="null"),
        pytest.param("- a\n", f"1:1 top level: got a list — {CONFIG}", id="list"),
        pytest.param("hunter2\n", f"1:1 top level: got a single value — {CONFIG}", id="text"),
        pytest.param(
            AWS + "---\nname: B\n",
            "2:1 top level: got a second document — expected one document (remove the line '---' and what follows it)",
            id="two",
        ),
        pytest.param(AWS + "name: *shop\n", f"2:7 name: got an alias (*) without its anchor (&) — expected a value ({STAR})", id="alias"),
        pytest.param(AWS + "grafana: &g\n  tags: [*g]\n",
                     "3:10 grafana.tags.0: got an alias (*) inside its own anchor (&) — expected a value that ends", id="cycle"),
        pytest.param(AWS + "name: !x Shop\n", f"2:7 name: {NO_TAG}", id="tag"),
        pytest.param(AWS + "services: !!set {a}\n", f"2:11 services: {NO_TAG}", id="set"),
        pytest.param(AWS + "name: a\x07b\n", rf"2:8 top level: got the character \x07 — {PRINTABLE}", id="bell"),
    ],
)  # fmt: skip
def test_what_ends_the_reading_is_the_one_mistake(text: str, expected: str) -> None:
    assert mistakes(text) == [f"b.yaml:{expected}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "<<: {name: a}\n",
            "2:1 <<: got a merge key — expected the keys themselves (write out the keys that << would bring in)",
            id="merge",
        ),
        pytest.param("on: a\n", "2:1 top level: got the key on — expected a name as the key (YAML reads it as true or false)", id="true"),
        pytest.param("7: a\n", "2:1 top level: got the key 7 — expected a name as the key (YAML reads it as a number)", id="number"),
        pytest.param("? [a]\n: b\n", "2:3 top level: got a list as a key — expected a name as the key", id="list"),
        pytest.param("? {a: b}\n: b\n", "2:3 top level: got a mapping as a key — expected a name as the key", id="mapping"),
        pytest.param("grafana:\n  ~: 1\n", "3:3 grafana: got the key ~ — expected a name as the key (YAML reads it as nothing)", id="null"),
    ],
)
def test_a_key_that_is_no_name_is_refused(text: str, expected: str) -> None:
    assert mistakes(AWS + text) == [f"b.yaml:{expected}"]


def test_a_key_may_be_quoted_and_is_still_the_same_key() -> None:
    assert mistakes(AWS + '"name": a\nname: b\n') == [
        "b.yaml:3:1 name: got the key a second time — expected each key once (the first is on line 2)"
    ]


def test_an_alias_stands_for_its_anchor() -> None:
    root, problems = read_yaml("a: &x [1, {b: no}]\nc: *x\n", "b.yaml")
    assert plain_of(root) == {"a": (1, {"b": False}), "c": (1, {"b": False})}
    assert problems == ()


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
@pytest.mark.parametrize("count", [100, 200_000])
def test_nesting_without_end_is_refused(opening: str, count: int) -> None:
    """Two hundred thousand levels end the process when PyYAML's C parser composes them."""
    [line] = mistakes("a:\n " + opening * count)
    assert line.endswith("got more than 20 levels of nesting — expected a config of fewer levels")


@pytest.mark.parametrize(("outer", "refused"), [(MAX_DEPTH // 2 - 1, False), (MAX_DEPTH // 2, True)])
def test_aliases_cannot_nest_deeper_than_the_text_may(outer: int, refused: bool) -> None:  # noqa: FBT001
    """The file's mapping is one level, the anchor's lists are ten, so nine more fit around its alias."""
    inner = MAX_DEPTH // 2
    text = f"a: &a {'[' * inner}1{']' * inner}\nb: {'[' * outer}*a{']' * outer}\n"
    assert any("more than 20 levels" in line for line in mistakes(text)) == refused


def test_aliases_that_repeat_each_other_are_refused() -> None:
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{chr(ord(name) - 1)}'] * 10)}]" for name in "bcdefgh"]
    [line] = mistakes("\n".join(lines))
    assert line.endswith(f"got more than {MAX_VALUES} values — expected a config of fewer (are aliases (*) repeating each other?)")


@pytest.mark.parametrize("text", ['a: "\\ud83d"\n', '"\\ud83d": a\n'])
def test_half_a_character_is_refused_before_it_reaches_a_model(text: str) -> None:
    """Only PyYAML's own parser lets the escape through."""
    with pytest.raises(ConfigError, match="got half of a surrogate pair — expected whole characters"):
        read_yaml(text, "b.yaml", loader=yaml.SafeLoader)
    with pytest.raises(ConfigError, match="got an unknown escape in double quotes"):
        read_yaml(text, "b.yaml", loader=yaml.CSafeLoader)


@pytest.mark.parametrize("text", [AWS, example_text(), "a: [1, {b: 'x'}]\nc: |\n  d\n"])
def test_both_parsers_read_the_same_tree(text: str) -> None:
    assert read_yaml(text, "b.yaml", loader=yaml.SafeLoader) == read_yaml(text, "b.yaml", loader=yaml.CSafeLoader)


@pytest.mark.parametrize(
    ("raw", "kind", "value"),
    [
        ("shop", "text", "shop"),
        ("2.17.1", "text", "2.17.1"),
        ("=", "text", "="),
        ("5m", "text", "5m"),
        ("y", "text", "y"),
        ("7", "a number", 7),
        ("-7", "a number", -7),
        ("0.5", "a number", 0.5),
        (".5", "a number", 0.5),
        ("1e-3", "a number", 0.001),
        ("2.5e1", "a number", 25.0),
        ("010", "a number", Unquoted("010")),
        ("09", "a number", Unquoted("09")),
        ("0x1F", "a number", Unquoted("0x1F")),
        ("0o17", "a number", Unquoted("0o17")),
        ("0b11", "a number", Unquoted("0b11")),
        ("1_000", "a number", Unquoted("1_000")),
        ("12:30", "a number", Unquoted("12:30")),
        (".inf", "a number", Unquoted(".inf")),
        ("1e999", "a number", Unquoted("1e999")),
        ("9999999999999999", "a number", Unquoted("9999999999999999")),
        ("yes", "true or false", True),
        ("On", "true or false", True),
        ("FALSE", "true or false", False),
        ("off", "true or false", False),
        ("2026-11-21", "a date", Unquoted("2026-11-21")),
        ("null", "nothing", None),
        ("~", "nothing", None),
        ("", "nothing", None),
    ],
)
def test_only_what_all_yaml_readers_agree_on_becomes_a_number(raw: str, kind: str, value: object) -> None:
    place = Place("b.yaml", 1, 1)
    read = scalar(raw, place)
    assert (read.kind, read.value, type(read.value)) == (kind, value, type(value))


@pytest.mark.parametrize(
    ("loc", "value_place", "key_place"),
    [
        ((), (1, 1), (1, 1)),
        (("a",), (2, 3), (1, 1)),
        (("a", "b"), (2, 6), (2, 3)),
        (("a", "b", 1), (2, 10), (2, 10)),
        (("a", "b", 7), (2, 6), (2, 6)),
        (("a", "zzz"), (2, 3), (2, 3)),
        (("zzz", 0, "c"), (1, 1), (1, 1)),
    ],
)
def test_a_place_is_that_of_the_value_its_key_or_what_encloses_it(
    loc: Loc, value_place: tuple[int, int], key_place: tuple[int, int]
) -> None:
    root, _ = read_yaml("a:\n  b: [1, 22]\n", "b.yaml")
    assert place_of(root, loc) == Place("b.yaml", *value_place)
    assert place_of(root, loc, key=True) == Place("b.yaml", *key_place)


def test_find_gives_the_node_or_none() -> None:
    root, _ = read_yaml("a: [x, 'y']\n", "b.yaml")
    assert find(root, ("a", 1)) == Scalar(Place("b.yaml", 1, 8), "y", "text", "y", quoted=True)
    assert find(root, ("a", 2)) is None
    assert find(root, ("a", 0, "b")) is None


def test_read_yaml_raises_only_config_errors_for_broken_text() -> None:
    with pytest.raises(ConfigError):
        read_yaml("a: [", "b.yaml")
