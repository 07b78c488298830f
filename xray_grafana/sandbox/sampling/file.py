"""A file of sampling rules: YAML or JSON in AWS's names, checked whole, every mistake with its place.

One rule as `aws xray create-sampling-rule --cli-input-json` takes it (`SamplingRule`), several as `aws xray get-sampling-rules` prints
them (`SamplingRuleRecords`), or a plain list under `SamplingRules`. A rule named Default may change the rate and the reservoir of that one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from xray_grafana.config.nodes import Loc, Mapping, Place, Sequence, find, place_of, plain_of
from xray_grafana.config.read import read_yaml
from xray_grafana.config.wording import offer, one_of, shown_key, shown_value
from xray_grafana.errors import ConfigError, ConfigProblem
from xray_grafana.sandbox.sampling.rule import (
    ATTRIBUTES,
    CHANGEABLE_OF_DEFAULT,
    DEFAULT_RULE,
    MAX_RULES,
    MEMBERS,
    NAMES,
    RULE_ARN,
    Rule,
    are_attributes,
    default_rule,
    expected,
    is_of_kind,
    is_within,
)

_RULE: Final = "SamplingRule"
_RULES: Final = "SamplingRules"
_RECORDS: Final = "SamplingRuleRecords"
_MOST_BYTES: Final = 1024 * 1024
# What AWS prints beside a rule, and what a request may have beside it: read over.
_BESIDE: Final = frozenset({"CreatedAt", "ModifiedAt", "NextToken", "Tags"})


def load_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of a file. Raises ConfigError with every mistake."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise _unreadable(path, error.strerror or "an error of the system", "a readable file of sampling rules") from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "bytes that are not UTF-8", "UTF-8 text") from error
    if len(content) > _MOST_BYTES:
        raise _unreadable(path, "more than 1 MiB", "a file of at most 25 rules")
    return parse_rules(text, str(path))


def parse_rules(text: str, source: str) -> tuple[Rule, ...]:
    """The rules of a text; `source` names it in messages. Raises ConfigError with every mistake."""
    root, problems = read_yaml(text, source)
    reader = _Reader(root)
    rules = tuple(reader.rules())
    found = [*problems, *reader.problems]
    if found:
        raise ConfigError(tuple(sorted(found, key=lambda each: Place(each.source, each.line, each.column).order)))
    return rules


class _Reader:
    def __init__(self, root: Mapping) -> None:
        self.problems: list[ConfigProblem] = []
        self._root = root

    def rules(self) -> Iterator[Rule]:
        seen: set[str] = set()
        places = list(self._places())
        if len(places) > MAX_RULES:
            self._refuse((), f"{len(places)} rules", f"at most {MAX_RULES}")
        for loc in places:
            node = find(self._root, loc)
            if not isinstance(node, Mapping):
                self._refuse(loc, shown_value(node), "a sampling rule")
                continue
            rule = self._rule(loc, node)
            name = rule.get("RuleName")
            if isinstance(name, str) and name in seen:
                self._refuse((*loc, "RuleName"), shown_value(find(self._root, (*loc, "RuleName"))), "another name for each rule")
            seen.add(str(name))
            yield rule

    def _places(self) -> Iterator[Loc]:
        forms = [key for key in (_RULE, _RULES, _RECORDS) if key in self._root.entries]
        for key in self._root.entries:
            if key not in {*forms, *_BESIDE}:
                self._refuse_key((key,), (_RULES, _RULE, _RECORDS))
        if len(forms) != 1:
            self._refuse((), one_of(forms).replace(" or ", " and ") if forms else "no rules", one_of((_RULES, _RULE, _RECORDS)))
        for form in forms:
            if form == _RULE:
                yield (form,)
                continue
            listed = self._root.entries[form].node
            if not isinstance(listed, Sequence):
                self._refuse((form,), shown_value(listed), "a list of rules")
                continue
            for number in range(len(listed.items)):
                yield (form, number, _RULE) if form == _RECORDS else (form, number)

    def _rule(self, loc: Loc, node: Mapping) -> Rule:
        for key in node.entries:
            if key not in NAMES and key != RULE_ARN:
                self._refuse_key((*loc, key), NAMES)
        name = node.entries.get("RuleName")
        if name is not None and plain_of(name.node) == DEFAULT_RULE:
            return self._default(loc, node)
        rule = {member.name: self._value(loc, node, member.name, needed=member.absent is None) for member in MEMBERS}
        return {**{each.name: each.absent for each in MEMBERS}, **_without_none(rule), ATTRIBUTES: self._attributes(loc, node)}

    def _default(self, loc: Loc, node: Mapping) -> Rule:
        rule = default_rule()
        for name in CHANGEABLE_OF_DEFAULT:
            value = self._value(loc, node, name, needed=False)
            if value is not None:
                rule[name] = value
        for key, entry in node.entries.items():
            if key in NAMES and key not in CHANGEABLE_OF_DEFAULT and not _is_same(plain_of(entry.node), rule[key]):
                self._refuse((*loc, key), shown_value(entry.node), "no change: only FixedRate and ReservoirSize of Default can be set")
        return rule

    def _value(self, loc: Loc, node: Mapping, name: str, *, needed: bool) -> Any:
        member = next(each for each in MEMBERS if each.name == name)
        entry = node.entries.get(name)
        if entry is None:
            if needed:
                self._refuse((*loc, name), "nothing", expected(member))
            return None
        value = plain_of(entry.node)
        if not is_of_kind(member, value) or not is_within(member, value):
            self._refuse((*loc, name), shown_value(entry.node), expected(member))
            return None
        return value

    def _attributes(self, loc: Loc, node: Mapping) -> dict[str, str]:
        entry = node.entries.get(ATTRIBUTES)
        value: Any = {} if entry is None else plain_of(entry.node)
        if not are_attributes(value):
            self._refuse((*loc, ATTRIBUTES), shown_value(None if entry is None else entry.node), "at most 5 short texts by name")
            return {}
        return dict(value)

    def _refuse(self, loc: Loc, got: str, wanted: str) -> None:
        place = place_of(self._root, loc)
        self.problems.append(ConfigProblem(place.source, place.line, place.column, shown_key(loc), got, wanted))

    def _refuse_key(self, loc: Loc, names: tuple[str, ...]) -> None:
        place = place_of(self._root, loc, key=True)
        wanted, hint = one_of(names), offer(str(loc[-1]), names)
        self.problems.append(ConfigProblem(place.source, place.line, place.column, shown_key(loc), "an unknown key", wanted, hint))


def _without_none(values: Rule) -> Rule:
    return {name: value for name, value in values.items() if value is not None}


def _is_same(plain: Any, value: Any) -> bool:
    return bool(plain == value)


def _unreadable(path: Path, got: str, wanted: str) -> ConfigError:
    return ConfigError((ConfigProblem(str(path), None, None, "sampling rules", got, wanted),))
