"""The sums, and the one line about each object, which Loki's logfmt and the board must be able to read."""

from __future__ import annotations

import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray_grafana import contract
from xray_grafana.alb.counts import Counts
from xray_grafana.alb.ship import Outcome
from xray_grafana.alb.totals import Totals, object_line
from xray_grafana.loki import logql
from xray_grafana.push.refusals import Refusal

# The escapes that Loki's decoder knows within quotes, which are JSON's (grafana/loki pkg/logql/log/logfmt/jsonstring.go); any other
# makes the line unreadable, and one line that is none fails a whole metric query.
_ESCAPE = re.compile(r'\\(u[0-9a-f]{4}|["\\/bfnrt])')
_PAIR = re.compile(r'([a-z_]+)=(?:([^\s"=\\]+)|"((?:[^"\\\x00-\x1f]|\\.)*)")(?: |$)')
_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def decoded(line: str) -> dict[str, str]:
    """logfmt as strictly as it can be read: nothing that a decoder might take in another way."""
    found: dict[str, str] = {}
    place = 0
    while place < len(line):
        pair = _PAIR.match(line, place)
        assert pair, line[place:]
        name, bare, quoted = pair.groups()
        assert name not in found
        found[name] = bare if bare is not None else _unquoted(quoted)
        place = pair.end()
    assert not line.endswith(" ")
    return found


def _unquoted(text: str) -> str:
    assert "\\" not in _ESCAPE.sub("", text), text
    units = _ESCAPE.sub(lambda found: chr(int(found[1][1:], 16)) if found[1][0] == "u" else _PLAIN.get(found[1], found[1]), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


SHIPPED = Outcome(
    "s3://logs/AWSLogs/x.log.gz",
    "access",
    "app/shop/50dc6c495c0c9188",
    Counts(read=10, shipped=6, rejected=1, unreadable=2, skipped=1),
    read_bytes=5_000,
    seconds=1.23456,
    lag_seconds=300.4,
    finished=True,
    offset=5_000,
    pushes=3,
    retries=1,
    sent_bytes=900,
)


def test_a_line_says_what_became_of_an_object() -> None:
    assert object_line(SHIPPED) == (
        "event=object object=s3://logs/AWSLogs/x.log.gz result=shipped log_type=access lb=app/shop/50dc6c495c0c9188 read=10 shipped=6 "
        "rejected=1 unreadable=2 skipped=1 read_bytes=5000 sent_bytes=900 pushes=3 retries=1 seconds=1.235 lag_seconds=300"
    )


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (Outcome("a", finished=True), "shipped"),
        (Outcome("a", finished=False), "continued"),
        (Outcome("a", finished=True, damage="it ends in the middle"), "damaged"),
        (Outcome("a", finished=True, refusals=(Refusal("too_old", 1, "…"),)), "refused"),
        (Outcome("a", finished=True, refusals=(Refusal("too_long", 1, "…"),)), "shipped"),
        (Outcome("a", finished=True, skipped_because="shipped before"), "skipped"),
    ],
)
def test_the_result_is_told_in_one_word_with_its_reason(outcome: Outcome, result: str) -> None:
    found = decoded(object_line(outcome))

    assert found["result"] == result
    assert found.get("damage") == outcome.damage
    assert found.get("skipped_because") == outcome.skipped_because


def test_why_lines_were_refused_is_told_with_examples() -> None:
    refusals = (Refusal("too_old", 3, "entry for stream '{lb=\"x\"}' has timestamp too old"), Refusal("too_long", 1, "a\nb"))

    assert decoded(object_line(Outcome("a", refusals=refusals)))["refused"] == (
        "3 too_old: entry for stream '{lb=\"x\"}' has timestamp too old; 1 too_long: a\nb"
    )


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        'a"b',
        "a=b",
        "a\\b",
        "a\nb",
        "a\tb",
        "\x07\x1b[31m\x7f\x80",
        "日本",
        "\u2028\u202e",
        "\U000e0001",
        "🙂 ",
        'a" shipped=9 x="',
        "\\",
        "\\n",
        "é=\\",
    ],
)
def test_a_hostile_name_ends_neither_its_value_nor_the_line(name: str) -> None:
    line = object_line(Outcome(name))

    assert decoded(line)["object"] == name
    assert line.isprintable()


def test_a_name_that_is_no_unicode_can_be_sent_too() -> None:
    """A file's name may hold any byte; Loki takes UTF-8."""
    line = object_line(Outcome("a\udcffb"))

    assert line.encode().isascii()
    assert decoded(line)["object"] == "a\ufffdb"


@given(st.text(min_size=1), st.text())
def test_every_text_can_be_read_back(name: str, damage: str) -> None:
    found = decoded(object_line(Outcome(name, damage=damage)))

    assert found["object"] == name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert found["event"] == "object"


def test_the_board_finds_every_field_it_unwraps_and_a_number_in_it() -> None:
    found = decoded(object_line(SHIPPED))
    queries = [logql.shipper_lag_seconds(), logql.shipper_problems(), *map(logql.shipper_count, contract.SHIPPER_COUNTS)]

    for query in queries:
        assert f'{{service_name="{contract.SHIPPER_SERVICE}"}} | logfmt | event=`{found["event"]}`' in query
        fields = re.findall(r"unwrap (\w+)|(\w+) > 0", query)
        assert fields
        for field in (unwrapped or compared for unwrapped, compared in fields):
            assert float(found[field]) >= 0


def test_what_is_not_known_is_left_out_and_never_an_empty_number() -> None:
    """Loki takes no sample from a line without the field it unwraps; one with a field that is no number fails the query."""
    line = object_line(Outcome("a"))

    assert contract.SHIPPER_LAG_FIELD not in decoded(line)
    assert decoded(object_line(Outcome("a", lag_seconds=0.0)))[contract.SHIPPER_LAG_FIELD] == "0"
    assert [decoded(line)[name] for name in contract.SHIPPER_COUNTS] == ["0"] * 4


def test_totals_are_the_sums_of_all_outcomes() -> None:
    totals = Totals()
    for outcome in (
        SHIPPED,
        SHIPPED,
        Outcome("b", skipped_because="shipped before", finished=True),
        Outcome("c", damage="x", finished=True),
    ):
        totals.add(outcome)
    totals.add(Outcome("d", counts=Counts(read=1, shipped=1)))
    totals.add_failure()

    assert totals.counts == Counts(read=21, shipped=13, rejected=2, unreadable=4, skipped=2)
    assert totals.counts.is_balanced
    assert totals.objects == {"shipped": 2, "continued": 1, "damaged": 1, "refused": 0, "skipped": 1}
    assert (totals.read_bytes, totals.sent_bytes, totals.pushes, totals.retries, totals.failures) == (10_000, 1_800, 6, 2, 1)


def test_an_object_without_lines_leaves_the_lag_as_it_was() -> None:
    totals = Totals()
    totals.add(SHIPPED)
    totals.add(Outcome("empty", finished=True))

    assert totals.lag_seconds == 300.4


def test_totals_may_be_added_to_by_many_threads() -> None:
    totals = Totals()

    def add() -> None:
        for _ in range(500):
            totals.add(SHIPPED)
            totals.add_failure()

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (totals.counts.read, totals.objects["shipped"], totals.failures) == (40_000, 4_000, 4_000)


@pytest.mark.parametrize("counts", [Counts(read=1), Counts(shipped=1), Counts(read=3, shipped=1, skipped=1)])
def test_counts_that_lose_or_invent_a_line_are_not_balanced(counts: Counts) -> None:
    assert not counts.is_balanced
