"""Sampling: the rules that SDKs fetch, the targets they report for, and the calls that make, change and delete rules.

What SDKs rely on: Version 1, ResourceARN `*`, Attributes an empty mapping and never absent, times as numbers, LastRuleModification always
there, and an ErrorCode that begins with 4 for a rule that is gone, whereupon they fetch the rules anew (sources of the X-Ray SDKs for
Python, Node, Go and Java).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from xray_grafana.sandbox.sampling.rule import DEFAULT_RULE, RULE_ARN, Rule, arn, default_rule
from xray_grafana.sandbox.store.store import Store

# X-Ray Developer Guide, "Using sampling rules with the X-Ray API": clients report every 10 s.
INTERVAL_SECONDS: Final = 10
_QUOTA_SECONDS: Final = 300
# A client that has not reported for so long has no share of the reservoir.
_CLIENT_SECONDS: Final = 3 * INTERVAL_SECONDS
_WINDOW_SECONDS: Final = 60
_WINDOWS: Final = 30

_UPSERT: Final = """
INSERT INTO sampling_rules (name, rule, created, modified) VALUES (?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET rule = excluded.rule, modified = excluded.modified WHERE rule != excluded.rule
"""


class Sampling:
    """The rules, kept in the store, and what clients reported, kept here. Rules given at the start win over stored ones of that name."""

    def __init__(self, store: Store, *, region: str, account: str, now: Callable[[], float], rules: Iterable[Rule] = ()) -> None:
        self._store = store
        self._now = now
        self._region = region
        self._account = account
        self._guard = threading.Lock()
        self._clients: dict[tuple[str, str], float] = {}
        self._windows: dict[tuple[int, str], list[int]] = {}
        self._modified = now()
        with store.writing() as connection:
            for rule in rules:
                write(connection, rule, self._modified)

    def records(self) -> list[dict[str, Any]]:
        """Every rule as AWS answers it, by priority, Default last."""
        with self._store.reading() as connection:
            rows = connection.execute("SELECT rule, created, modified FROM sampling_rules").fetchall()
        records = [self.record(json.loads(rule), created, modified) for rule, created, modified in rows]
        if not any(each["SamplingRule"]["RuleName"] == DEFAULT_RULE for each in records):
            records.append(self.record(default_rule(), 0.0, 0.0))
        return sorted(records, key=lambda each: (each["SamplingRule"]["Priority"], each["SamplingRule"]["RuleName"]))

    def record(self, rule: Rule, created: float, modified: float) -> dict[str, Any]:
        """A SamplingRuleRecord."""
        with_arn = {"RuleName": rule["RuleName"], RULE_ARN: arn(rule["RuleName"], self._region, self._account), **rule}
        return {"SamplingRule": with_arn, "CreatedAt": created, "ModifiedAt": modified}

    def changed(self) -> None:
        """To be called when a rule was made, changed or deleted: clients fetch the rules anew."""
        self._modified = self._now()

    @property
    def last_modification(self) -> float:
        """When a rule was last made, changed or deleted, or the sandbox was started."""
        return self._modified

    def target(self, rule: Rule, client: str, counts: tuple[int, int, int]) -> dict[str, Any]:
        """Takes a client's counts of requests, borrowed and sampled ones, and answers its share of the rule's reservoir."""
        now = self._now()
        name = rule["RuleName"]
        with self._guard:
            self._clients[name, client] = now
            self._clients = {key: seen for key, seen in self._clients.items() if now - seen < _CLIENT_SECONDS}
            others = sorted(each for rule_name, each in self._clients if rule_name == name)
            sums = self._windows.setdefault((int(now // _WINDOW_SECONDS) * _WINDOW_SECONDS, name), [0, 0, 0])
            for place, count in enumerate(counts):
                sums[place] += count
            oldest = now - _WINDOWS * _WINDOW_SECONDS
            self._windows = {key: value for key, value in self._windows.items() if key[0] > oldest}
        share, rest = divmod(rule["ReservoirSize"], len(others))
        return {
            "RuleName": name,
            "FixedRate": rule["FixedRate"],
            "ReservoirQuota": share + (others.index(client) < rest),
            "ReservoirQuotaTTL": now + _QUOTA_SECONDS,
            "Interval": INTERVAL_SECONDS,
        }

    def statistics(self) -> list[dict[str, Any]]:
        """What clients reported of the last half hour, by minute and rule, newest first."""
        with self._guard:
            windows = sorted(self._windows.items(), reverse=True)
        return [
            {"RuleName": name, "Timestamp": float(start), "RequestCount": requests, "BorrowCount": borrowed, "SampledCount": sampled}
            for (start, name), (requests, borrowed, sampled) in windows
        ]


def write(connection: sqlite3.Connection, rule: Rule, now: float) -> None:
    """Stores a rule, over one of the same name."""
    connection.execute(_UPSERT, (rule["RuleName"], json.dumps(rule, sort_keys=True), now, now))
