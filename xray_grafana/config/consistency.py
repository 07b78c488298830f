"""Mistakes that show only when two keys are read together.

The rules read the tree as it was written, with defaults filled in, and pass over what is missing or malformed: the models report that.
So one run reports the mistakes of both kinds. Every rule is a generator of what it found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xray_grafana import contract
from xray_grafana.config.deploy_consistency import deploy_inconsistencies
from xray_grafana.config.inconsistency import Claim, Inconsistency, Section, doubles, is_set, section_at, sections_at, valid_text
from xray_grafana.config.nodes import Loc, Plain
from xray_grafana.config.partition import partition, partition_of_arn
from xray_grafana.config.secret_consistency import secret_inconsistencies
from xray_grafana.config.shape import config_shape, with_defaults
from xray_grafana.config.types import duration_seconds
from xray_grafana.config.wording import offer, quoted, shown_key, visible

# Uids that Grafana keeps for itself: pkg/expr/models.go (DatasourceUID, OldDatasourceUID), pkg/tsdb/grafanads/grafana.go.
_RESERVED_UIDS: Final = frozenset({contract.EXPRESSION_DATASOURCE_UID, "-100", "grafana"})
_CLOUDWATCH_SUFFIX: Final = "-cloudwatch"
_KEY_FIELDS: Final = ("access_key", "secret_key", "session_token")
# Grafana evaluates rules in steps of this many seconds: unified_alerting.scheduler_tick_interval.
_EVALUATION_STEP: Final = 10
_REFRESH_LEAST: Final = 10
# X-Ray's statistics and load balancers' lines arrive in steps of minutes.
_WINDOW_LEAST: Final = 300
_HOUR: Final = 3600


def inconsistencies(written: Plain) -> tuple[Inconsistency, ...]:
    """Everything in a config that contradicts something else in it."""
    tree = section_at(with_defaults(written, config_shape()))
    return (
        *_credentials(tree),
        *_roles(tree),
        *_partitions(tree),
        *_groups(tree),
        *_datasource_uids(tree),
        *_datasource_names(tree),
        *_entry_names(tree),
        *_services(tree),
        *_repetitions(tree),
        *_logs(tree),
        *_durations(tree),
        *deploy_inconsistencies(tree),
        *secret_inconsistencies(tree),
    )


def _credentials(tree: Section) -> Iterator[Inconsistency]:
    for loc, source in sections_at(tree, "xray", "sources"):
        auth = valid_text(source, loc, "auth")
        if auth is None:
            continue
        for key in _KEY_FIELDS:
            if auth == "keys" and key != "session_token" and not is_set(source, key):
                yield Inconsistency((*loc, key), "nothing", "a reference to a secret, because auth is keys")
            if auth != "keys" and is_set(source, key):
                yield Inconsistency((*loc, key), "a value", f"nothing, because auth is {auth}", f"{key} goes with auth: keys")
        if auth != "credentials" and is_set(source, "profile"):
            yield Inconsistency((*loc, "profile"), "a value", f"nothing, because auth is {auth}", "profile goes with auth: credentials")


def _roles(tree: Section) -> Iterator[Inconsistency]:
    for loc, source in sections_at(tree, "xray", "sources"):
        if is_set(source, "assume_role_arn"):
            continue
        if source.get("auth") == "grafana_assume_role":
            yield Inconsistency((*loc, "assume_role_arn"), "nothing", "a role ARN, because auth is grafana_assume_role")
        elif is_set(source, "external_id"):
            yield Inconsistency((*loc, "assume_role_arn"), "nothing", "a role ARN, because external_id is set")


def _partitions(tree: Section) -> Iterator[Inconsistency]:
    home = valid_text(section_at(tree, "aws"), ("aws",), "region")
    for loc, source in sections_at(tree, "xray", "sources"):
        own, role, region = valid_text(source, loc, "region"), valid_text(source, loc, "assume_role_arn"), _region(source, loc, home)
        if region is None:
            continue
        if role and partition_of_arn(role) != partition(region):
            yield Inconsistency(
                (*loc, "assume_role_arn"), quoted(role), f"an ARN that begins with arn:{partition(region)}:, as {region} asks for"
            )
        own_credentials = valid_text(source, loc, "auth") in {"keys", "credentials"} or is_set(source, "assume_role_arn")
        if own and home and partition(own) != partition(home) and not own_credentials:
            yield Inconsistency(
                (*loc, "region"),
                quoted(own),
                f"a region in the partition {partition(home)}, as aws.region has it",
                "an account of another partition needs its own auth: keys or credentials, or an assume_role_arn there",
            )


def _region(source: Section, loc: Loc, home: str | None) -> str | None:
    """The region a source reads; None when that cannot be told."""
    return valid_text(source, loc, "region") if is_set(source, "region") else home


def _groups(tree: Section) -> Iterator[Inconsistency]:
    home = valid_text(section_at(tree, "aws"), ("aws",), "region")
    read = {_region(source, loc, home) for loc, source in sections_at(tree, "xray", "sources")}
    for loc, group in sections_at(tree, "xray", "groups"):
        arn, name = valid_text(group, loc, "arn"), valid_text(group, loc, "name")
        if arn is None:
            continue
        arn_loc = (*loc, "arn")
        _, arn_partition, _, arn_region, _, path = arn.split(":")
        arn_name = path.split("/")[1]
        if arn_partition != partition(arn_region):
            yield Inconsistency(arn_loc, quoted(arn), f"an ARN that begins with arn:{partition(arn_region)}:, as {arn_region} asks for")
        elif read and None not in read and arn_region not in read:
            yield Inconsistency(arn_loc, quoted(arn), "an ARN in a region that a source of xray.sources reads")
        if name is not None and name != arn_name:
            yield Inconsistency(arn_loc, quoted(arn), f"the ARN of the group {name}", f"it is the ARN of {arn_name}")


def _datasource_uids(tree: Section) -> Iterator[Inconsistency]:
    sources = [(uid, (*loc, "uid")) for loc, source in sections_at(tree, "xray", "sources") if (uid := valid_text(source, loc, "uid"))]
    claims = [Claim.of_key(uid, loc) for uid, loc in sources]
    if logs_uid := valid_text(section_at(tree, "logs"), ("logs",), "uid"):
        claims.append(Claim.of_key(logs_uid, ("logs", "uid")))
    if section_at(tree, "cloudwatch").get("enabled") is True:
        most = contract.UID_MAX_LENGTH - len(_CLOUDWATCH_SUFFIX)
        for uid, loc in sources:
            if len(uid) > most:
                hint = f"its CloudWatch data source is named <uid>{_CLOUDWATCH_SUFFIX}"
                yield Inconsistency(loc, f"{quoted(uid)} of {len(uid)} characters", f"at most {most}, because cloudwatch is enabled", hint)
            else:
                claims.append(Claim(uid + _CLOUDWATCH_SUFFIX, loc, f"the CloudWatch data source of {shown_key(loc)}"))
    yield from doubles(claims, "a data source uid of its own")
    for claim in claims:
        if claim.name in _RESERVED_UIDS:
            yield Inconsistency(claim.loc, quoted(claim.name), "another uid", "Grafana keeps this one for itself")


def _datasource_names(tree: Section) -> Iterator[Inconsistency]:
    sources = [(name, (*loc, "name")) for loc, source in sections_at(tree, "xray", "sources") if (name := valid_text(source, loc, "name"))]
    claims = [Claim.of_key(name, loc) for name, loc in sources]
    if logs_name := valid_text(section_at(tree, "logs"), ("logs",), "name"):
        claims.append(Claim.of_key(logs_name, ("logs", "name")))
    if section_at(tree, "cloudwatch").get("enabled") is True:
        claims += [Claim(f"{name} CloudWatch", loc, f"the CloudWatch data source of {shown_key(loc)}") for name, loc in sources]
    yield from doubles(claims, "a data source name of its own")


def _entry_names(tree: Section) -> Iterator[Inconsistency]:
    for keys in (("xray", "groups"), ("services",)):
        named = [(entry.get("name"), (*loc, "name")) for loc, entry in sections_at(tree, *keys)]
        yield from doubles([Claim.of_key(name, loc) for name, loc in named if isinstance(name, str)], "a name of its own")


def _services(tree: Section) -> Iterator[Inconsistency]:
    known = [uid for _, source in sections_at(tree, "xray", "sources") if isinstance(uid := source.get("uid"), str)]
    for loc, service in sections_at(tree, "services"):
        named = service.get("sources")
        for i, uid in enumerate(named if isinstance(named, tuple) else ()):
            if isinstance(uid, str) and uid not in known and known:
                hint = offer(uid, known) or f"there is {', '.join(map(visible, known[:10]))}"
                yield Inconsistency((*loc, "sources", i), quoted(uid), "the uid of an entry of xray.sources", hint)
        if is_set(service, "log_selector") and not is_set(tree, "logs"):
            yield Inconsistency(
                (*loc, "log_selector"), "a selector", "nothing, because there is no logs section", "logs says where Loki is"
            )


def _repetitions(tree: Section) -> Iterator[Inconsistency]:
    lists: list[tuple[Loc, Section, str]] = [
        (("aws",), section_at(tree, "aws"), "linked_accounts"),
        *((loc, service, key) for loc, service in sections_at(tree, "services") for key in ("edges", "sources")),
        (("logs",), section_at(tree, "logs"), "id_forms"),
        (("alerts",), section_at(tree, "alerts"), "deleted_rules"),
        (("grafana",), section_at(tree, "grafana"), "tags"),
        *((("kubernetes", "agent"), section_at(tree, "kubernetes", "agent"), key) for key in ("allowed_namespaces", "indexed_attributes")),
    ]
    for loc, section, key in lists:
        entries = section.get(key)
        claims = [
            Claim.of_key(entry, (*loc, key, i))
            for i, entry in enumerate(entries if isinstance(entries, tuple) else ())
            if isinstance(entry, str)
        ]
        yield from doubles(claims, "each entry once")


def _logs(tree: Section) -> Iterator[Inconsistency]:
    logs = section_at(tree, "logs")
    user, password, token = (is_set(logs, key) for key in ("basic_user", "basic_password", "bearer_token"))
    if user and not password:
        yield Inconsistency(("logs", "basic_password"), "nothing", "a reference to a secret, because basic_user is set")
    if password and not user:
        yield Inconsistency(("logs", "basic_user"), "nothing", "a user, because basic_password is set")
    if token and (user or password):
        yield Inconsistency(
            ("logs", "bearer_token"), "a value", "nothing, because basic authentication is set", "Loki takes one or the other"
        )
    selector = valid_text(logs, ("logs",), "application_selector")
    if selector is not None and "${service}" not in selector:
        yield Inconsistency(
            ("logs", "application_selector"), quoted(selector), "a selector with ${service}", "it stands for a service's name"
        )


def _durations(tree: Section) -> Iterator[Inconsistency]:
    window = _seconds(tree, "alerts", "window")
    if window is not None and not _WINDOW_LEAST <= window <= _HOUR:
        yield _duration(tree, "alerts", "window", "a duration from 5m to 1h")
    interval = _seconds(tree, "alerts", "interval")
    if interval is not None and interval % _EVALUATION_STEP:
        yield _duration(tree, "alerts", "interval", f"a multiple of {_EVALUATION_STEP}s", "Grafana evaluates rules in steps of that length")
    refresh = _seconds(tree, "grafana", "refresh")
    if refresh is not None and refresh < _REFRESH_LEAST:
        yield _duration(tree, "grafana", "refresh", f"at least {_REFRESH_LEAST}s, or null", "each refresh costs API calls")
    default_range = _seconds(tree, "grafana", "default_range")
    if default_range is not None and default_range > contract.XRAY_RANGE_MAX_HOURS * _HOUR:
        hint = f"X-Ray answers for {contract.XRAY_RANGE_MAX_HOURS} hours at a time"
        yield _duration(tree, "grafana", "default_range", f"at most {contract.XRAY_RANGE_MAX_HOURS}h", hint)


def _seconds(tree: Section, section: str, key: str) -> int | None:
    duration = valid_text(section_at(tree, section), (section,), key)
    return None if duration is None else duration_seconds(duration)


def _duration(tree: Section, section: str, key: str, expected: str, hint: str | None = None) -> Inconsistency:
    return Inconsistency((section, key), quoted(str(section_at(tree, section).get(key))), expected, hint)
