"""Loki's words say how many entries were refused, and why. The texts were taken from Loki 3.7.8."""

from __future__ import annotations

import pytest

from tests.push.batches import batch, batch_of, entry
from xray_grafana.push.refusals import Reason, Refusal, excerpt, merged, refusal_of_all, refusals_of

OLD = "entry for stream '{a=\"2\"}' has timestamp too old: 2026-11-13T17:07:0%dZ, oldest acceptable timestamp is: 2026-11-14T17:07:05Z"
NEW = "entry for stream '{a=\"2\"}' has timestamp too new: 2026-11-21T18:07:0%dZ"
LONG = "max entry size '262144' bytes exceeded for stream '{a=\"4\"}' while adding an entry with length '26214%d' bytes"
BEHIND = (
    "entry with timestamp 2026-11-21 16:05:25.858548689 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: "
    "2026-11-21T16:05:25Z, oldest acceptable timestamp is: 2026-11-21T16:07:05Z',\n"
)
METADATA_LARGE = (
    "stream '{a=\"6\"}' has structured metadata too large: '70001' bytes, limit: '65536' bytes. Please see "
    "`limits_config.max_structured_metadata_size` or contact your Loki administrator to increase it"
)


def counts(text: str, of: int) -> dict[Reason, int]:
    return {refusal.reason: refusal.count for refusal in refusals_of(text, batch(of))}


def test_a_single_refused_entry_has_no_number_before_it() -> None:
    assert refusals_of(f"{OLD % 5}\n", batch(9)) == (Refusal("too_old", 1, OLD % 5),)


def test_equal_messages_are_counted_by_loki_and_different_ones_by_us() -> None:
    text = "; ".join(
        [
            f"1 errors like: {OLD % 5}",
            f"3 errors like: {OLD % 6}",
            f"3 errors like: {OLD % 7}",
            f"2 errors like: {LONG % 5}",
            f"1 errors like: {NEW % 5}",
            f"2 errors like: {NEW % 6}",
        ]
    )

    assert refusals_of(f"{text}\n", batch(100)) == (
        Refusal("too_old", 7, OLD % 5),
        Refusal("too_long", 2, LONG % 5),
        Refusal("too_new", 3, NEW % 5),
    )


def test_one_message_for_several_entries_has_a_number() -> None:
    assert counts(f"2 errors like: {LONG % 5}\n", of=5) == {"too_long": 2}


@pytest.mark.parametrize(
    "message",
    [
        METADATA_LARGE,
        "stream '{a=\"6\"}' has too many structured metadata labels: '129', limit: '128'. Please see `limits_config.…`",
        "stream '{a=\"6\"}' includes structured metadata, but this feature is disallowed. Please see `limits_config.…`",
    ],
)
def test_metadata_that_loki_does_not_take_costs_its_entries_only(message: str) -> None:
    assert counts(message, of=5) == {"other": 1}
    assert counts(f"3 errors like: {message}", of=5) == {"other": 3}


@pytest.mark.parametrize(
    "message",
    [
        'entry for stream \'{l0="v", l1="v"}\' has 16 label names; limit 15',
        "stream '{z=\"v\"}' has label value too long: 'v'",
        "stream '{z=\"v\"}' has label name too long: 'z'",
        "stream '{a=\"1\", a=\"2\"}' has duplicate label name: 'a'",
        'couldn\'t parse labels: 1:4: parse error: unexpected "}" in label set, expected string',
        "error parsing labels '{a=}' with error: 1:4: parse error",
        "error at least one label pair is required per stream",
        "missing required labels 'team' for user 'enforced' for stream '{service_name=\"shop\"}' (policy: '')",
    ],
)
def test_labels_that_loki_does_not_take_cost_the_whole_push(message: str) -> None:
    assert counts(f"{message}\n", of=5) == {"labels": 5}


@pytest.mark.parametrize(
    "text", ["snappy: corrupt input\n", "mime: no media type\n", "error at least one valid stream is required for ingestion\n", "", "?"]
)
def test_words_that_are_not_known_speak_of_every_entry(text: str) -> None:
    assert counts(text, of=5) == {"other": 5}


def test_the_ingester_gives_the_total_since_it_names_ten_entries_only() -> None:
    text = f"{BEHIND * 10}user 't1', total ignored: 15 out of 17 for stream: {{a=\"5\"}}\n"

    (refusal,) = refusals_of(text, batch(17))

    assert (refusal.reason, refusal.count) == ("too_far_behind", 15)
    assert refusal.example.startswith("entry with timestamp 2026-11-21 16:05:25.858548689 +0000 UTC ignored, reason: 'entry too far behind")


def test_an_entry_out_of_order_is_too_far_behind_where_no_disorder_is_allowed() -> None:
    text = "entry with timestamp … ignored, reason: 'entry out of order',\nuser 't1', total ignored: 1 out of 3 for stream: {a=\"5\"}"

    assert counts(text, of=3) == {"too_far_behind": 1}


def test_what_the_ingester_never_saw_was_refused_before_and_its_words_hide_it() -> None:
    text = f"{BEHIND}user 't1', total ignored: 1 out of 2 for stream: {{a=\"5\"}}\n"

    assert counts(text, of=4) == {"too_far_behind": 1, "other": 2}


def test_a_reason_of_the_ingester_that_is_not_known_keeps_its_count() -> None:
    assert counts("entry with timestamp … ignored, reason: 'moon',\nuser 'u', total ignored: 2 out of 5 for stream: {}", of=5) == {
        "other": 2
    }


@pytest.mark.parametrize("shard", ["__stream_shard__", "__time_shard__"])
def test_of_a_stream_that_loki_cut_up_the_entries_before_its_oldest_time_are_counted(shard: str) -> None:
    """Loki tells of one shard: 260 of 780 here, while 3 entries of the batch of 5 lie before the time it names."""
    text = f'{BEHIND}user \'s39\', total ignored: 2 out of 3 for stream: {{{shard}="4", service_name="shop"}}\n'
    cutoff_seconds = -(52 * 60 + 55)  # 16:07:05, from 17:00:00
    entries = [entry(cutoff_seconds - 1), entry(cutoff_seconds - 0.001), entry(cutoff_seconds - 7200), entry(cutoff_seconds), entry(0)]

    (refusal,) = refusals_of(text, batch_of(*entries))

    assert (refusal.reason, refusal.count) == ("too_far_behind", 3)


@pytest.mark.parametrize("time", ["", "yesterday", "0001-01-01T00:00:00", "0001-01-01T00:00:00+23:59", "9" * 5000])
def test_of_a_stream_that_loki_cut_up_its_own_count_stands_where_it_names_no_time(time: str) -> None:
    reason = f"entry too far behind, entry timestamp is: x, oldest acceptable timestamp is: {time}"
    text = f"entry ignored, reason: '{reason}',\nuser 'u', total ignored: 2 out of 3 for stream: {{__stream_shard__=\"4\"}}"

    assert counts(text, of=5) == {"too_far_behind": 2}


def test_never_more_entries_are_counted_than_there_are() -> None:
    assert counts(f"5 errors like: {OLD % 5}; 900 errors like: {NEW % 5}; 1 errors like: {LONG % 5}", of=7) == {"too_old": 5, "too_new": 2}
    assert counts("total ignored: 99 out of 99 for stream: {}", of=7) == {"other": 7}


def test_numbers_of_thousands_of_digits_count_as_all_there_are() -> None:
    digits = "9" * 5000

    assert counts(f"{digits} errors like: {OLD % 5}; 1 errors like: {NEW % 5}", of=7) == {"too_old": 7}
    assert counts(f"total ignored: {digits} out of {digits} for stream: {{}}", of=7) == {"other": 7}


def test_refusals_of_several_pushes_are_added_by_reason() -> None:
    refusals = [Refusal("too_old", 1, "first"), Refusal("labels", 2, "label"), Refusal("too_old", 3, "second")]

    assert merged(refusals, 100) == (Refusal("too_old", 4, "first"), Refusal("labels", 2, "label"))


def test_a_whole_batch_can_be_refused_with_one_word() -> None:
    assert refusal_of_all("too_long", batch(3), "too large\n") == Refusal("too_long", 3, "too large")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  plain\n", "plain"),
        ("a\nb\tc\x00\x1b[31m", r"a\nb\tc\x00\x1b[31m"),
        ("ümläut — “quoted”", "ümläut — “quoted”"),
        ("\u202egnippilf", r"\u202egnippilf"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
        ("\n" * 500 + "end", "end"),
        ("a" + "\n" * 300 + "b", "a" + "\\n" * 99 + "…"),
        ("", ""),
    ],
)
def test_an_excerpt_is_one_printable_line_of_two_hundred_characters(text: str, shown: str) -> None:
    assert excerpt(text) == shown
