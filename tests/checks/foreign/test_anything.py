"""Whatever the bytes are, the answer is findings with places inside the files."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.foreign.planted import PLANTED
from tests.checks.foreign.planting import unmarked
from tests.checks.foreign.walkthroughs import WALKTHROUGHS, prepared
from xray_grafana.checks.foreign import SourceFile, check_files, mend

TEXTS = [text for planted in PLANTED for text in (unmarked(planted.bad)[0], *planted.beside)]
WORDS = sorted({word.strip("\"',{}[]:-") for text in TEXTS for word in text.split()} - {""})


def soundly_checked(files: list[SourceFile]) -> None:
    found = check_files(files)
    lines = {file.name: file.content.decode(errors="replace").count("\n") + file.content.count(b"\r") + 1 for file in files}
    for finding in found:
        assert 1 <= finding.line <= lines[finding.path]
        assert finding.column >= 1
        assert finding.message
    for file in files:
        mended = mend(file, found)
        assert isinstance(mended.content, bytes)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3))
def test_arbitrary_bytes(contents: list[bytes]) -> None:
    soundly_checked([SourceFile(f"file{index}", content) for index, content in enumerate(contents)])


@given(st.text(alphabet="abc:-{}[]&*!|>'\"#\n \t<,?%@`\\0\u2028\x85", max_size=200))
def test_arbitrary_punctuation(text: str) -> None:
    soundly_checked([SourceFile("file", text.encode())])


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**12), st.floats(allow_nan=False), st.sampled_from(WORDS))
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6), max_leaves=30
)


@settings(max_examples=200)
@given(st.lists(TREES, min_size=1, max_size=3))
def test_arbitrary_trees_of_the_words_that_rules_know(documents: list[Any]) -> None:
    soundly_checked([SourceFile("file", yaml.safe_dump_all(documents).encode())])


@settings(max_examples=200)
@given(st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 12), st.sampled_from(["", " ", "\n", "{", *WORDS]))))
def test_files_that_are_nearly_right(text: str, edits: list[tuple[int, int, str]]) -> None:
    for start, length, replacement in edits[:4]:
        place = start % (len(text) + 1)
        text = text[:place] + replacement + text[place + length :]
    soundly_checked([SourceFile("file", text.encode())])


FILES = [SourceFile(f"{name}/{file.name}", file.content) for name, marked in WALKTHROUGHS.items() for file in prepared(marked)[0]]


@settings(max_examples=30)
@given(st.permutations(FILES))
def test_the_order_of_files_changes_no_finding_but_which_of_two_owners_is_the_second(files: list[SourceFile]) -> None:
    expected = {finding for finding in check_files(FILES) if finding.rule != "XF180"}
    assert len(expected) > 30
    assert {finding for finding in check_files(files) if finding.rule != "XF180"} == expected
