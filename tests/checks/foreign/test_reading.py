"""Files in every form in which people keep YAML and JSON, and those that are refused."""

from __future__ import annotations

import pytest

from tests.checks.foreign.planting import MARK, findings_in, places_of, unmarked
from xray_grafana.checks.foreign import SourceFile, check_files, mend
from xray_grafana.checks.foreign.source import MAX_BYTES

ADDRESS = "AWS_XRAY_DAEMON_ADDRESS"
JSON_SPEC = f'"spec": {{"containers": [{{"env": [{{"name": "{ADDRESS}", "value": {MARK}"xray"}}]}}]}}'


def pod(environment: str) -> str:
    return f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: cart\n      env: {environment}\n"


@pytest.mark.parametrize(
    "text",
    [
        f"x: &address [{{name: {ADDRESS}, value: {MARK}xray}}]\n{pod('*address')}",
        pod(f"[{{<<: &base {{value: {MARK}xray}}, name: {ADDRESS}}}]"),
        f"x: &base {{value: {MARK}xray, name: other}}\n{pod(f'[{{<<: [*base], name: {ADDRESS}}}]')}",
        f"---\n# first\n---\n{pod('[]')}---\n{pod(f'[{{name: {ADDRESS}, value: {MARK}xray}}]')}...\n",
        f'{{"apiVersion": "v1", "kind": "Pod",\r\n\t{JSON_SPEC}}}\r\n',
        f'{{"note": "\\ud83d\\ude00 \\/", "apiVersion": "v1", "kind": "Pod", {JSON_SPEC}}}',
        pod(f"[{{name: größe, value: ü}}, {{name: {ADDRESS}, value: {MARK}'xray'}}]"),
        f'{{"apiVersion": "v1", "kind": "List", "items": [{{"apiVersion": "v1", "kind": "Pod", {JSON_SPEC}}}]}}',
    ],
    ids=["anchor", "merge key", "merge list", "many documents", "JSON with tabs and CRLF", "JSON with escapes", "not ASCII", "List"],
)
def test_a_mistake_is_found_in_every_form_of_writing_it(text: str) -> None:
    plain, places = unmarked(text)
    assert places_of("XF110", findings_in(plain)) == places


def test_what_is_written_wins_over_what_a_merge_key_brings() -> None:
    assert places_of("XF110", findings_in(pod(f"[{{<<: {{value: xray}}, name: {ADDRESS}, value: 'xray:2000'}}]"))) == []


def test_a_byte_order_mark_shifts_no_column_and_survives_a_mend() -> None:
    text, places = unmarked(pod(f"[{{name: {ADDRESS}, value: {MARK}xray}}]"))
    file = SourceFile("given", b"\xef\xbb\xbf" + text.encode())

    found = [finding for finding in check_files([file]) if finding.rule == "XF110"]

    assert [(finding.line, finding.column) for finding in found] == places
    assert mend(file, found).content == b"\xef\xbb\xbf" + text.replace("value: xray", "value: xray:2000").encode()


def test_a_mend_of_crlf_lines_keeps_them() -> None:
    file = SourceFile("given", pod(f"[{{name: {ADDRESS}, value: xray}}]").replace("\n", "\r\n").encode())
    mended = mend(file, check_files([file])).content
    assert mended.count(b"\r\n") == mended.count(b"\n") == 6


def test_a_value_that_stands_under_an_anchor_is_found_once_and_not_mended() -> None:
    """Every place that uses the anchor would change with it."""
    found = [finding for finding in findings_in(pod(f"[{{name: {ADDRESS}, value: &v xray}}]")) if finding.rule == "XF110"]
    assert [finding.fixes for finding in found] == [()]


def test_a_folded_text_in_a_config_map_is_read_and_pointed_at_by_its_beginning() -> None:
    text, places = unmarked('apiVersion: v1\nkind: ConfigMap\ndata: {c.yaml: →"TotalBufferSizeMB: 24\\nVersion: 7\\n"}\n')
    found = [finding for finding in findings_in(text) if finding.rule == "XF150"]
    assert [(finding.line, finding.column) for finding in found] == places
    assert [finding.fixes for finding in found] == [()]


def test_a_tag_stands_for_a_value_that_is_not_known() -> None:
    assert findings_in(pod(f"[{{name: {ADDRESS}, value: !Ref Address}}]")) == []


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"a: \xff\xfe\n", (1, 4), "byte 3 is not UTF-8"),
        (b"\xef\xbb\xbfa: 1\nb: \xff\n", (2, 4), "byte 11 is not UTF-8"),
        ("a: 1".encode("utf-16"), (1, 1), "the file is binary"),
        (b"\x7fELF\x00", (1, 1), "the file is binary"),
        (b"# " + b"x" * MAX_BYTES, (1, 1), "the file has more than 5,000,000 bytes"),
        (b"a: &a [1, *a]\n", (1, 11), "an alias (*) without its anchor (&), or inside it"),
        (b"[" * 101, (1, 101), "more than 100 levels of nesting"),
        (b"kind: Deployment\nspec: {{- toYaml .Values.spec }}\n", (2, 7), "a Helm template"),
        (b"a: 1\n{{- if .Values.a }}\nb: 2\n", (2, 1), "a Helm template"),
        (b'a: {{ include "chart.name" . }}\n', (1, 4), "a Helm template"),
    ],
    ids=["not UTF-8", "not UTF-8 behind a mark", "UTF-16", "binary", "huge", "endless", "deep", "values", "condition", "include"],
)
def test_what_cannot_be_read_is_refused_in_its_place(content: bytes, place: tuple[int, int], message: str) -> None:
    (found,) = check_files([SourceFile("given", content)])
    assert (found.rule, (found.line, found.column)) == ("XF100", place)
    assert message in found.message


def test_aliases_count_in_full_so_that_a_small_file_cannot_become_a_large_one() -> None:
    levels = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 9))
    (found,) = findings_in(f"a0: &a0 [{', '.join('x' * 9)}]\n{levels}")
    assert (found.rule, found.message) == ("XF100", "more than 500,000 values, expected fewer")


def test_alert_texts_and_legends_are_no_templates() -> None:
    text = 'apiVersion: v1\nkind: ConfigMap\ndata: {a: "{{ $labels.x }} {{ if .Alerts }}{{ end }} {{method}}"}\n'
    assert findings_in(text) == []


def test_one_bad_file_does_not_keep_the_others_from_being_checked() -> None:
    found = check_files([SourceFile("bad", b"\0"), SourceFile("good", pod(f"[{{name: {ADDRESS}, value: xray}}]").encode())])
    assert [(finding.path, finding.rule) for finding in found] == [("bad", "XF100"), ("good", "XF110")]


def test_no_message_repeats_a_secret() -> None:
    written = "0123456789ABCDEFabcdef0123456789ABCDEFab"
    texts = [
        pod(f"[{{name: AWS_SECRET_ACCESS_KEY, value: {written}}}]"),
        f"apiVersion: v1\nkind: Secret\nstringData: {{aws_secret_access_key: {written}}}\n",
        pod(f"[{{name: {ADDRESS}, value: 'http://user:{written}@xray'}}]"),
    ]
    for text in texts:
        found = findings_in(text)
        assert found
        assert not any(written in str(finding) for finding in found)
