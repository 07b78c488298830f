"""Alert rules that an earlier bundle had and this one has not: Grafana keeps what it once provisioned until it is told to delete it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xray_grafana.bundle.artifact import Bundle

ALERTING_FOLDER: Final = "provisioning/alerting/"


def fallen_rules(old: Mapping[str, bytes], new: Mapping[str, bytes], bundle: Bundle) -> tuple[str, ...]:
    """Uids of rules in old files of a bundle that a new bundle neither has nor deletes, sorted.

    `old` and `new` have the content of files by path. An old one that does not parse counts as empty: somebody else wrote it.
    """
    before = {path: content for path, content in old.items() if path.startswith(ALERTING_FOLDER) and new.get(path) != content}
    if not before:
        return ()
    now = [artifact.document for artifact in bundle if artifact.path.startswith(ALERTING_FOLDER)]
    known = {uid for document in now for uid in (*_rule_uids(document), *_deleted_uids(document))}
    return tuple(sorted({uid for content in before.values() for uid in _rule_uids(_parsed(content))} - known))


def _parsed(content: bytes) -> Any:
    import yaml

    try:
        return yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 — both are safe; the C one is ten times faster
    except yaml.YAMLError:
        return None


def _rule_uids(document: Any) -> Iterator[str]:
    for group in _dicts(document, "groups"):
        for rule in _dicts(group, "rules"):
            yield from _uid(rule)


def _deleted_uids(document: Any) -> Iterator[str]:
    for rule in _dicts(document, "deleteRules"):
        yield from _uid(rule)


def _dicts(parent: Any, key: str) -> list[dict[str, Any]]:
    entries = parent.get(key) if isinstance(parent, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _uid(rule: dict[str, Any]) -> Iterator[str]:
    if isinstance(uid := rule.get("uid"), str):
        yield uid
