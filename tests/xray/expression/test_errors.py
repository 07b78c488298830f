"""What is no expression, and where: positions are counted by hand, from 1."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray_grafana.xray.expression import ExpressionError, parse_filter, parse_selector
from xray_grafana.xray.expression.parse import DEPTH_MAX
from xray_grafana.xray.expression.tokens import JSON_DEPTH_MAX, TEXT_MAX

# Captured answers of X-Ray put 46 characters before what was tried.
OWNER = 'annotation.owner = "0123456789-123456789" AND '


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # X-Ray's own: two captured, one quoted by whoever deployed a group
        (f"{OWNER}(madeup = 7)", "Error Location: line 1, position 48 : Invalid input symbol: 'ma'"),
        (f"{OWNER}((fault)", "Error Location: line 1, position 55 : missing ')' at end of expression"),
        (
            'service("*") { fault = true OR error = true OR response_time > 2 }',
            "Error Location: line 1, position 48 : Invalid input symbol: 'response_'",
        ),
        ("madeup = 7", "Error Location: line 1, position 1 : Invalid input symbol: 'ma'"),
        ("((fault)", "Error Location: line 1, position 9 : missing ')' at end of expression"),
    ],
)
def test_errors_are_worded_as_x_ray_words_them(text: str, expected: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_filter(text)
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        # what is missing
        ("", 1, "missing a condition at end of expression"),
        ("   ", 4, "missing a condition at end of expression"),
        ("fault AND", 10, "missing a condition at end of expression"),
        ("fault OR ", 10, "missing a condition at end of expression"),
        ("!", 2, "missing a condition at end of expression"),
        ("duration >", 11, "missing a string in double quotes, a number, true or false at end of expression"),
        ('service("a"', 12, "missing ')' at end of expression"),
        ('service("a") { fault', 21, "missing '}' at end of expression"),
        ('edge("a"', 9, "missing ',' at end of expression"),
        ('user = "ann', 12, "missing '\"' at end of expression"),
        ('user = "ann\\', 13, "missing '\"' at end of expression"),
        ("rootcause.json = #[[1]", 23, "missing ']' at end of expression"),
        ("rootcause.json =", 17, "missing #[…] at end of expression"),
        ("rootcause.json", 15, "missing = or != at end of expression"),
        ("group.name", 11, "missing = or != at end of expression"),
        ("rootcause.fault.service", 24, "missing '{' at end of expression"),
        # what is out of place
        ("OR fault", 1, "Invalid input symbol: 'OR'; expected a condition"),
        ("fault AND AND ok", 11, "Invalid input symbol: 'AND'; expected a condition"),
        ("fault)", 6, "Invalid input symbol: ')'"),
        ("fault }", 7, "Invalid input symbol: '}'"),
        ("()", 2, "Invalid input symbol: ')'; expected a condition"),
        ("(ok}", 4, "Invalid input symbol: '}'; expected ')'"),
        ('service("a") { }', 16, "Invalid input symbol: '}'; expected a condition"),
        ("true", 1, "Invalid input symbol: 'true'; expected a condition"),
        ("fault true", 7, "Invalid input symbol: 'true'; expected a condition"),
        ('"fault"', 1, "Invalid input symbol: '\"fault\"'; expected a condition"),
        ("duration = ok", 12, "Invalid input symbol: 'ok'; expected a string in double quotes, a number, true or false"),
        ("http.url = #[1]", 12, "Invalid input symbol: '#[1]'; expected a string in double quotes, a number, true or false"),
        ("duration = = 5", 12, "Invalid input symbol: '='; expected a string in double quotes, a number, true or false"),
        ('edge("a") { fault }', 9, "Invalid input symbol: ')'; expected ','"),
        ("edge() { fault }", 6, "Invalid input symbol: ')'; expected a name or id(…)"),
        ("service(a)", 9, "Invalid input symbol: 'a'"),
        ("service { fault }", 9, "Invalid input symbol: '{'; expected '('"),
        ('id(name: "a")', 1, "Invalid input symbol: 'id'; expected a condition"),
        ('service(id(name: "a", name: "b"))', 23, "Invalid input symbol: 'name'; expected one of type account.id"),
        ("service(id())", 12, "Invalid input symbol: ')'; expected one of name type account.id"),
        ('service(id(user: "a"))', 12, "Invalid input symbol: 'user'; expected one of name type account.id"),
        ('service(id(name = "a"))', 17, "Invalid input symbol: '='; expected ':'"),
        ("service(id(name: 5))", 18, "Invalid input symbol: '5'; expected a string"),
        ('rootcause.json = "a"', 18, "Invalid input symbol: '\"a\"'; expected #[…]"),
        ("group.name = payments", 14, "Invalid input symbol: 'pay'"),
        ("group.name = 5", 14, "Invalid input symbol: '5'; expected a string"),
        ("group.name fault", 12, "Invalid input symbol: 'fault'; expected = or !="),
        ('group.name "<"', 12, "Invalid input symbol: '\"<\"'; expected = or !="),
        # words that are none
        ("rootcause.fault { fault }", 1, "Invalid input symbol: 'rootcause.fault'"),
        ("users", 1, "Invalid input symbol: 'users'"),
        ("okay", 1, "Invalid input symbol: 'oka'"),
        ("zone", 1, "Invalid input symbol: 'z'"),
        ("_ok", 1, "Invalid input symbol: '_'"),
        ("http.statuscode = 5", 1, "Invalid input symbol: 'http.statusc'"),
        ("annotation", 1, "Invalid input symbol: 'annotation'; expected a condition"),
        ("annotation.", 1, "Invalid input symbol: 'annotation.'"),
        ("annotation[]", 11, "Invalid input symbol: '['"),
        ("annotation[a b]", 11, "Invalid input symbol: '['"),
        ('annotation.order.id = "A"', 17, "Invalid input symbol: '.'; a key with dots stands in brackets: annotation[key.with.dots]"),
        # characters that are none
        ("http.url = /pay", 12, "Invalid input symbol: '/'"),
        ("user = 'ann'", 8, "Invalid input symbol: '''"),
        ("fault & ok", 7, "Invalid input symbol: '&'"),
        ("ok; fault", 3, "Invalid input symbol: ';'"),
        ("fault # ok", 7, "Invalid input symbol: '#'"),
        ("fault\x00", 6, r"Invalid input symbol: '\x00'"),
        ("\x1b[31mfault", 1, r"Invalid input symbol: '\x1b'"),
        ("ok\u00a0AND fault", 3, r"Invalid input symbol: '\xa0'"),
        ("ok \ud800", 4, r"Invalid input symbol: '\ud800'"),
        ('user = "a\nb"', 10, r"Invalid input symbol: '\n'"),
        ('user = "a\x7fb"', 10, r"Invalid input symbol: '\x7f'"),
        (r'user = "a\qb"', 10, r"Invalid input symbol: '\q'; a backslash itself is written twice"),
        (r'user = "\u12"', 9, r"Invalid input symbol: '\u'; a backslash itself is written twice"),
        (r'user = "\ud800"', 8, r"""Invalid input symbol: '"\ud800"'; it holds half of a surrogate pair"""),
        ("duration > .5", 12, "Invalid input symbol: '.'"),
        ("duration > 5s", 13, "Invalid input symbol: 's'"),
        ("1-6ab3a9c9-8c037dd122d9ffee6e2ce8d7", 4, "Invalid input symbol: 'ab'"),
        # operators
        ('http.status CONTAINS "5"', 13, "Invalid input symbol: 'CONTAINS'; http.status takes = != < <= > >="),
        ("fault > true", 7, "Invalid input symbol: '>'; fault takes = !="),
        ('http.url >= "a"', 10, "Invalid input symbol: '>='; http.url takes = != CONTAINS BEGINSWITH ENDSWITH"),
        ('annotation.x < "a"', 14, "Invalid input symbol: '<'; annotation with string takes = != CONTAINS BEGINSWITH ENDSWITH"),
        ("annotation.x contains 5", 14, "Invalid input symbol: 'contains'; annotation with number takes = != < <= > >="),
        ("annotation.x > true", 14, "Invalid input symbol: '>'; annotation with boolean takes = !="),
        ('group.name CONTAINS "a"', 12, "Invalid input symbol: 'CONTAINS'; group.name takes = !="),
        ("rootcause.json > #[1]", 16, "Invalid input symbol: '>'; rootcause.json takes = !="),
        # scopes
        ("root", 1, "Invalid input symbol: 'root'; nothing that a trace has"),
        ('name = "a"', 1, "Invalid input symbol: 'name'; nothing that a trace has"),
        ("coverage > 0.5", 1, "Invalid input symbol: 'coverage'; nothing that a trace has"),
        ('service("a") { service("b") }', 16, "Invalid input symbol: 'service'; nothing that service(…) has"),
        ('service("a") { edge("a", "b") }', 16, "Invalid input symbol: 'edge'; nothing that service(…) has"),
        (
            "service() { rootcause.fault.service { first } }",
            13,
            "Invalid input symbol: 'rootcause.fault.service'; nothing that service(…) has",
        ),
        ('service() { group.name = "a" }', 13, "Invalid input symbol: 'group.name'; nothing that service(…) has"),
        ('service() { availabilityzone = "a" }', 13, "Invalid input symbol: 'availabilityzone'; nothing that service(…) has"),
        ('edge("a", "b") { annotation.x }', 18, "Invalid input symbol: 'annotation.x'; nothing that edge(…) has"),
        ('edge("a", "b") { root }', 18, "Invalid input symbol: 'root'; nothing that edge(…) has"),
        ("rootcause.fault.service { remote }", 27, "Invalid input symbol: 'remote'; nothing that rootcause.fault.service has"),
        ("rootcause.fault.entity { coverage > 1 }", 26, "Invalid input symbol: 'coverage'; nothing that rootcause.fault.entity has"),
        ('rootcause.error.entity { message = "a" }', 26, "Invalid input symbol: 'message'; nothing that rootcause.error.entity has"),
        ("rootcause.error.entity { fault }", 26, "Invalid input symbol: 'fault'; nothing that rootcause.error.entity has"),
        # JSON
        ("rootcause.json = #[1 2]", 22, "Invalid input symbol: '2'; not JSON"),
        ("rootcause.json = #[{1}]", 21, "Invalid input symbol: '1'; not JSON"),
        ("rootcause.json = #[NaN]", 19, "Invalid input symbol: '['; not JSON"),
        ("rootcause.json = #{}", 18, "Invalid input symbol: '#'"),
    ],
)
def test_what_is_no_filter_is_refused_with_its_position(text: str, position: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_filter(text)
    assert (caught.value.line, caught.value.column, caught.value.message) == (1, position, message)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ('service("a") { fault }', 14, "Invalid input symbol: '{'"),
        ('service("a") AND service("b")', 14, "Invalid input symbol: 'AND'"),
        ('service("a") service("b")', 14, "Invalid input symbol: 'service'"),
        ('id(name: "a")', 1, "Invalid input symbol: 'id'; expected service(…) or edge(…)"),
        ('!service("a")', 1, "Invalid input symbol: '!'; expected service(…) or edge(…)"),
        ('(service("a"))', 1, "Invalid input symbol: '('; expected service(…) or edge(…)"),
        ("fault", 1, "Invalid input symbol: 'fault'; expected service(…) or edge(…)"),
        ('"a"', 1, "Invalid input symbol: '\"a\"'; expected service(…) or edge(…)"),
        ("", 1, "missing service(…) or edge(…) at end of expression"),
        ("edge()", 6, "Invalid input symbol: ')'; expected a name or id(…)"),
    ],
)
def test_what_is_no_selector_is_refused_with_its_position(text: str, position: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_selector(text)
    assert (caught.value.column, caught.value.message) == (position, message)


@pytest.mark.parametrize(
    ("part", "times", "position", "message"),
    [
        ("(", 1_000, DEPTH_MAX + 1, f"conditions are nested more than {DEPTH_MAX} levels deep"),
        ("!", 1_000, DEPTH_MAX + 1, f"conditions are nested more than {DEPTH_MAX} levels deep"),
        ("service() {", 1_000, 12, "Invalid input symbol: 'service'; nothing that service(…) has"),
        # the first bracket is character 19
        ("rootcause.json = #[" + "[" * 10_000, 1, 19 + JSON_DEPTH_MAX, f"JSON is nested more than {JSON_DEPTH_MAX} levels deep"),
        ("ok ", 40_000, TEXT_MAX + 1, f"an expression has at most {TEXT_MAX} characters, got 120000"),
    ],
    ids=["parentheses", "negations", "selectors", "JSON", "length"],
)
def test_what_is_too_deep_or_too_long_is_refused(part: str, times: int, position: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_filter(part * times)
    assert (caught.value.column, caught.value.message) == (position, message)


def test_positions_count_in_their_line() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_filter("fault\n  AND\n  madeup")
    assert str(caught.value) == "Error Location: line 3, position 3 : Invalid input symbol: 'ma'"


def test_what_is_shown_of_a_long_symbol_is_its_beginning() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_filter('"' + "x" * 1000 + '"')
    assert caught.value.message == "Invalid input symbol: '\"" + "x" * 59 + "'; expected a condition"


@pytest.mark.parametrize(
    "text",
    ["(" * (DEPTH_MAX - 1) + "ok" + ")" * (DEPTH_MAX - 1), "!" * (DEPTH_MAX - 1) + "ok", "ok " * (TEXT_MAX // 3)],
    ids=["deep", "negated", "long"],
)
def test_the_deepest_and_longest_expressions_are_read(text: str) -> None:
    parse_filter(text)


SYMBOLS = [*'(){}[],:!"#=<>.\\', "!=", " ", "\n", "\x00", "é", "\ud800", "-1.5", "5", '"a"']
WORDS = ["ok", "AND", "or", "true", "service", "edge(", "id(", "name:", "duration", "annotation.a", "annotation[b.c]", "CONTAINS", "zz"]
CAUSES = ["rootcause.fault.service", "rootcause.json = #[", "group.name"]
PIECES = st.lists(st.sampled_from([*SYMBOLS, *WORDS, *CAUSES]), max_size=25)


def refusal(parse: Callable[[str], object], text: str) -> ExpressionError | None:
    try:
        parse(text)
    except ExpressionError as error:
        return error
    return None


@given(st.one_of(st.text(max_size=40), PIECES.map(" ".join), PIECES.map("".join)))
def test_any_text_is_read_or_refused_within_its_bounds(text: str) -> None:
    for error in (refusal(parse_filter, text), refusal(parse_selector, text)):
        if error is not None:
            lines = text.split("\n")
            assert 1 <= error.line <= len(lines)
            assert 1 <= error.column <= len(lines[error.line - 1]) + 1
            assert str(error).isprintable()
