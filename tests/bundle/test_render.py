"""Documents come back from their bytes unchanged, whoever reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.examples import ODD, odd
from xray_grafana.bundle.artifact import Artifact, Bundle, Document, Format
from xray_grafana.bundle.build import build_bundle
from xray_grafana.bundle.render import YAML_HEADER, _Dumper, render, render_bundle

# Text that at least one YAML reader takes for something else when it stands bare.
TRICKY = [
    "", " ", "~", "null", "Null", "yes", "No", "on", "OFF", "y", "N", "true", "False", "=", "<<", "-", "--", "---", "...", "?", ":", "#",
    "|", ">", "1e3", "1E3", "12345e67", "1e+3", "0o17", "0O17", "017", "0123", "0x1F", "0b101", "1_000", "12", "-12", "+12", ".5", "1.",
    "1.5", "-1.5e-3", ".inf", "-.INF", ".nan", ".", "12:30", "12:30:45", "1:20.5", "2026-11-21", "2026-11-21T10:00:00Z", "012345678901",
    "1,000", "_", "-_", "0x", "0o", " leading", "trailing ", "a: b", "a:", "a #b", "a#b", "a:b", "- a", "? a", ": a", "!tag", "&anchor",
    "*alias", "%a", "@a", "`a", "'", '"', "it's", "{a}", "[a]", "{{ a }}", "${__trace.traceId}", "$$", "\\", "\t", "a\tb", "\x00", "\x07",
    "\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "a\ufeffb", "\xa0", "é", "名前", "😀", "\U0010ffff", "\r", "a\rb", "a\r\nb", "\n", "\n\n",
    "a\n", "a\nb", "a\nb\n", "a\nb\n\n", "\na", " a\nb", "a \nb", "a\n \nb", "a\n\nb\n", "a\n  b\n", "# a\nb: c\n", "---\na\n...\n",
    "a\n\tb", "a\x85b\nc", "a\u2028b\nc", "1-5759e988-bd862e3fe1be46a994272793",
]  # fmt: skip

texts = st.sampled_from(TRICKY) | st.text() | st.text(alphabet=" \n\t-:#'\"ab1e0xo._~|>{}[]&*!%@`,?\\")
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=25)
documents = st.dictionaries(texts, trees, max_size=5)


def as_yaml(document: Document) -> str:
    return render(Artifact("a.yaml", Format.YAML, document)).decode()


def as_json(document: Document) -> str:
    return render(Artifact("a.json", Format.JSON, document)).decode()


def by_yaml_1_1(text: str) -> Any:
    return yaml.safe_load(text)


def by_yaml_1_2(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def typed(value: Any) -> Any:
    """The value with the type of each scalar beside it: 1, 1.0 and True are equal to Python and not to Grafana."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value), value


@given(documents)
@settings(max_examples=150, deadline=None)
def test_yaml_reads_back_as_the_same_data_by_yaml_1_1_and_by_1_2(document: Document) -> None:
    text = as_yaml(document)

    assert typed(by_yaml_1_1(text)) == typed(document)
    assert typed(by_yaml_1_2(text)) == typed(document)


@pytest.mark.parametrize("text", TRICKY)
def test_tricky_text_stays_text_as_value_as_key_and_in_a_sequence(text: str) -> None:
    document: Document = {"value": text, "sequence": [text, [text]], "keys": {text: text}}

    assert by_yaml_1_1(as_yaml(document)) == document
    assert by_yaml_1_2(as_yaml(document)) == document


def test_go_reads_tricky_text_as_text(tmp_path: Path) -> None:
    """Grafana and kubectl read YAML by Go's library; kustomize prints what it read, but control characters, = and << badly."""
    readable = [text for text in TRICKY if text not in {"=", "<<"} and text.replace("\n", "").isprintable()]
    data: Document = {f"k{number}": text for number, text in enumerate(readable)}
    config_map: Document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "tricky"}, "data": data}
    (tmp_path / "map.yaml").write_text(as_yaml(config_map), encoding="utf-8")
    (tmp_path / "kustomization.yaml").write_text(as_yaml({"resources": ["map.yaml"]}), encoding="utf-8")
    kubectl = Path(sys.executable).with_name("kubectl")

    read = subprocess.run([kubectl, "kustomize", tmp_path], capture_output=True, check=True, timeout=60).stdout

    assert by_yaml_1_1(read.decode())["data"] == data


def test_the_readers_tell_bare_text_from_quoted() -> None:
    """The planted fault: each reader takes for something else what the other leaves text."""
    assert by_yaml_1_1("a: 12:30\nb: 1e3") == {"a": 750, "b": "1e3"}
    assert by_yaml_1_2("a: 12:30\nb: 1e3") == {"a": "12:30", "b": 1000.0}


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("checkout", "a: checkout"),
        ("checkout service", "a: checkout service"),
        ("/var/lib/grafana", "a: /var/lib/grafana"),
        ("$__env{TOKEN}", "a: $__env{TOKEN}"),
        ("5m", "a: 5m"),
        ("1-5759e988", "a: 1-5759e988"),
        ("名前", "a: 名前"),
        ("1e3", "a: '1e3'"),
        ("yes", "a: 'yes'"),
        ("it's: so", "a: 'it''s: so'"),
        ("", "a: ''"),
        ("a\tb", 'a: "a\\tb"'),
        ("a\x7fb", 'a: "a\\x7Fb"'),
        ("one\ntwo\n", "a: |\n  one\n  two"),
        ("one\n\ntwo", "a: |-\n  one\n\n  two"),
        ("one \ntwo", 'a: "one \\ntwo"'),
        ("word " * 60 + "end", "a: " + "word " * 60 + "end"),
        (12, "a: 12"),
        (1e-7, "a: 1.0e-07"),
        (1e16, "a: 1.0e+16"),
        (True, "a: true"),
        (None, "a: null"),
        ([], "a: []"),
        ({}, "a: {}"),
        ([1, {"b": 2, "c": [3]}, [4, 5]], "a:\n- 1\n- b: 2\n  c:\n  - 3\n- - 4\n  - 5"),
    ],
)
def test_a_value_has_one_form(value: Any, line: str) -> None:
    assert as_yaml({"a": value}) == f"{YAML_HEADER}{line}\n"


@pytest.mark.parametrize("name", ODD)
def test_pyyamls_own_emitter_gives_the_same_bytes_as_libyaml(name: str) -> None:
    """Where libyaml is missing, a bundle is the same."""

    class OwnEmitter(yaml.SafeDumper):
        yaml_representers = _Dumper.yaml_representers
        ignore_aliases = _Dumper.ignore_aliases

    for artifact in build_bundle(odd(name)):
        if artifact.format is Format.YAML:
            own = yaml.dump(artifact.document, Dumper=OwnEmitter, sort_keys=False, allow_unicode=True, width=2**30)
            assert render(artifact).decode() == YAML_HEADER + own


def test_yaml_keeps_the_order_of_the_document_and_repeats_what_is_shared() -> None:
    shared: Document = {"x": 1}

    assert as_yaml({"b": shared, "a": shared}) == f"{YAML_HEADER}b:\n  x: 1\na:\n  x: 1\n"


def test_yaml_says_what_made_it_and_that_it_is_not_to_be_edited() -> None:
    first = as_yaml({"a": 1}).splitlines()[0]

    assert first == "# Generated by xray-grafana, do not edit: change bundle.yaml and run `xray-grafana generate`."


def test_notes_stand_as_comments_between_the_header_and_the_document() -> None:
    artifact = Artifact("a.yaml", Format.YAML, {"a": 1}, "One line: with a colon.\n\n  - and a list\x85---\rb: 2\n")

    assert render(artifact).decode() == f"{YAML_HEADER}# One line: with a colon.\n#\n#   - and a list\n# ---\n# b: 2\na: 1\n"


@pytest.mark.parametrize("format_", [Format.JSON, Format.TEXT])
def test_notes_are_refused_where_the_format_has_no_comments(format_: Format) -> None:
    with pytest.raises(ValueError, match=r"a\.txt: (json|text) has no comments"):
        Artifact("a.txt", format_, "a", "a note")


def test_json_is_sorted_indented_ascii_with_a_line_end() -> None:
    assert as_json({"b": ["é", 1.5], "a": {}}) == '{\n  "a": {},\n  "b": [\n    "\\u00e9",\n    1.5\n  ]\n}\n'


@given(documents)
@settings(max_examples=50, deadline=None)
def test_json_reads_back_as_the_same_data(document: Document) -> None:
    assert typed(json.loads(as_json(document))) == typed(document)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("format_", [Format.JSON, Format.YAML])
def test_a_number_without_a_form_is_refused(number: float, format_: Format) -> None:
    with pytest.raises(ValueError, match=r"nan|inf"):
        render(Artifact("a", format_, {"a": number}))


@pytest.mark.parametrize("text", ["é\r\nb", "é\nb", "é\nb\n", "é\rb\n\n"])
def test_text_is_utf_8_with_one_line_end_at_the_end(text: str) -> None:
    assert render(Artifact("RUNBOOK.md", Format.TEXT, text)) == b"\xc3\xa9\nb\n"


def test_a_bundle_becomes_paths_and_bytes_in_its_order() -> None:
    bundle = Bundle.of([Artifact("b", Format.TEXT, "2"), Artifact("a", Format.TEXT, "1")])

    assert list(render_bundle(bundle).items()) == [("a", b"1\n"), ("b", b"2\n")]
