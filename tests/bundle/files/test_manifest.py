"""The record says what is the program's own, and is trusted only when it is whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.files.folders import put
from xray_grafana.bundle.files.manifest import MANIFEST_NAME, Manifest, digest_of, is_inside, read_manifest
from xray_grafana.errors import OutputError

A = hashlib.sha256(b"a").hexdigest()
B = hashlib.sha256(b"b").hexdigest()


def test_a_digest_is_sha_256() -> None:
    assert digest_of(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_folder_without_a_record_has_an_empty_one(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) == Manifest({}, {})
    assert read_manifest(tmp_path / "missing") == Manifest({}, {})


def test_a_record_reads_back_and_is_sorted(tmp_path: Path) -> None:
    manifest = Manifest({"b.json": B, "a.json": A}, {"c.json": A})
    put(tmp_path, {MANIFEST_NAME: manifest.to_bytes()})

    assert read_manifest(tmp_path) == manifest
    assert json.loads(manifest.to_bytes()) == {"version": 1, "files": {"a.json": A, "b.json": B}, "pending": {"c.json": A}}
    assert manifest.to_bytes() == Manifest({"a.json": A, "b.json": B}, {"c.json": A}).to_bytes()
    assert manifest.to_bytes().index(b'"a.json"') < manifest.to_bytes().index(b'"b.json"')


def test_content_is_known_when_it_was_written_or_was_about_to_be() -> None:
    manifest = Manifest({"x": A}, {"x": B})

    assert manifest.knows("x", A)
    assert manifest.knows("x", B)
    assert not manifest.knows("x", digest_of(b"c"))
    assert not manifest.knows("y", A)
    assert manifest.paths == {"x"}


@pytest.mark.parametrize("path", ["RUNBOOK.md", "dashboards/a.json", "a/b/c", "a/.hidden", "名前.json"])
def test_a_path_below_the_folder_is_inside(path: str) -> None:
    assert is_inside(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../a",
        "a/../../b",
        "a//b",
        "a/",
        "./a",
        "a/./b",
        ".xray-grafana.json",
        ".git/config",
        "a\\b",
        "a\0b",
        "a\nb",
        "\ud800",
    ],
)
def test_any_other_path_is_not(path: str) -> None:
    assert not is_inside(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"<<<<<<< HEAD\n{}", "is not JSON"),
        (b"[]", "is not a record of version 1"),
        (b'{"version": 2, "files": {}, "pending": {}}', "is not a record of version 1"),
        (b'{"version": 1, "files": {}}', "does not list files"),
        (b'{"version": 1, "files": [], "pending": {}}', "does not list files"),
        (b'{"version": 1, "files": {"../x": "' + A.encode() + b'"}, "pending": {}}', "names '../x'"),
        (b'{"version": 1, "files": {}, "pending": {"/etc/passwd": "' + A.encode() + b'"}}', "names '/etc/passwd'"),
        (b'{"version": 1, "files": {"x": "short"}, "pending": {}}', "has no SHA-256 for 'x'"),
        (b'{"version": 1, "files": {"x": 1}, "pending": {}}', "has no SHA-256 for 'x'"),
    ],
)
def test_a_broken_record_is_refused_with_what_to_do(tmp_path: Path, content: bytes, message: str) -> None:
    put(tmp_path, {MANIFEST_NAME: content})

    with pytest.raises(OutputError) as caught:
        read_manifest(tmp_path)

    assert message in caught.value.summary
    assert caught.value.where == str(tmp_path / MANIFEST_NAME)
    assert "version control" in str(caught.value.hint)


def test_a_record_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).mkdir()

    with pytest.raises(OutputError, match=r"cannot be read: Is a directory"):
        read_manifest(tmp_path)


def test_the_record_of_a_value_never_shares_its_default() -> None:
    first: Any = Manifest().files

    first["x"] = A

    assert Manifest().files == {}
