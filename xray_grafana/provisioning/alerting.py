"""The alerting files: rules for each service and source from trace statistics, and for each load balancer from its access lines.

One file for each source and sixteen services, so that none outgrows what `kubectl apply` takes from a client.

A quiet service must not page anybody. Every ratio and average counts only above a number of requests; no answer at all is an Error in
Grafana, and `execErrState: KeepLast` leaves things as they are: what was fine stays so, and neither a throttled call nor a service that
died resolves an alert. So that an X-Ray that cannot be asked need not go unseen, one rule for each source can have the opposite: any error
of it is its alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.models import Alerts, Config, Logs, Service, XRaySource, services_of
from xray_grafana.config.types import duration_seconds
from xray_grafana.dashboards import alb, alert_guide, pipeline, service
from xray_grafana.dashboards.alert_guide import Guide
from xray_grafana.dashboards.links import SLUGS, board_uid
from xray_grafana.dashboards.signals import AVERAGE_COLUMN, FAULTS_COLUMN, REQUESTS_COLUMN, THROTTLES_COLUMN
from xray_grafana.loki import logql
from xray_grafana.provisioning import rules
from xray_grafana.provisioning.rules import CONDITION, Rule, rule_uid
from xray_grafana.provisioning.secrets import escape_dollars
from xray_grafana.xray import filters

# How far back traffic loss looks for what is usual.
BASELINE_SECONDS: Final = 3 * 3600
# In how many of its minutes a service must have had requests to count as busy: a batch job has many in few.
BUSY_MINUTES: Final = 120
# How long a source may say nothing; below X-Ray's limit of six hours.
SILENCE_SECONDS: Final = 5 * 3600

# A service's group takes about 12 KB, in a ConfigMap 14 KB; what a client may apply is 262,144 bytes.
_GROUPS_A_FILE: Final = 16

# Label by which the rule for a silent source is known, and the only rule whose errors alert.
SILENT_SOURCE: Final = "silent_source"


def build_alerting(config: Config) -> tuple[Artifact, ...]:
    """All alert rules, a file for each source and one for load balancers, and the rules to delete; files without content are left out."""
    files: list[tuple[str, dict[str, Any]]] = []
    if config.alerts.enabled:
        for source in config.xray.sources:
            files += _numbered(f"source-{source.uid}", list(_source_groups(config, source)))
        if config.logs is not None:
            group = _group(config, "Load balancers", list(_load_balancer_rules(config, config.logs)))
            files.append(("load-balancers", {"groups": [group]}))
    deleted = [{"orgId": 1, "uid": uid} for uid in config.alerts.deleted_rules]
    files.append(("deleted-rules", {"deleteRules": deleted}))
    return tuple(
        Artifact(f"provisioning/alerting/{config.prefix}-{name}.yaml", Format.YAML, {"apiVersion": 1} | content)
        for name, content in files
        if any(content.values())
    )


def _numbered(name: str, groups: list[Document]) -> Iterator[tuple[str, Document]]:
    """Groups in files of a bounded size; a dot keeps `source-a.2` apart from the first file of a source `a-2`."""
    for number, start in enumerate(range(0, len(groups), _GROUPS_A_FILE), start=1):
        yield name if number == 1 else f"{name}.{number}", {"groups": groups[start : start + _GROUPS_A_FILE]}


def alert_groups(alerting: Iterable[Artifact]) -> list[Document]:
    """The rule groups of all alerting files."""
    return [group for artifact in alerting for group in artifact.document.get("groups", [])]


def alert_folder(config: Config) -> str:
    """The folder of the rules; not that of the boards: at a first start Grafana would make two folders of one title."""
    return f"{config.grafana.folder} alerts"


def _source_groups(config: Config, source: XRaySource) -> Iterator[dict[str, Any]]:
    if config.alerts.silent_source:
        yield _group(config, source.name, [_silent_source(config, source)])
    for watched in services_of(config, source):
        if watched.alerts.enabled:
            yield _group(config, f"{source.name} / {watched.name}", list(_service_rules(config, source, watched)))


def _group(config: Config, name: str, members: list[Rule]) -> dict[str, Any]:
    return {
        "orgId": 1,
        "name": escape_dollars(name),
        "folder": escape_dollars(alert_folder(config)),
        "interval": config.alerts.interval,
        "rules": [_document(config, rule) for rule in members],
    }


def _document(config: Config, rule: Rule) -> dict[str, Any]:
    receiver = config.alerts.contact_point
    return {
        "uid": rule.uid,
        "title": escape_dollars(rule.title),
        "condition": CONDITION,
        "for": config.alerts.for_,
        "noDataState": rule.on_no_data,
        "execErrState": rule.on_error,
        "labels": {"severity": rule.severity, **rule.labels},
        "annotations": {
            "summary": rule.summary,
            "description": rule.description,
            "runbook_url": _runbook_url(config, rule.guide.anchor),
            "__dashboardUid__": board_uid(config, rule.board),
            "__panelId__": str(rule.panel),
        },
        "data": list(rule.queries),
    } | ({"notification_settings": {"receiver": escape_dollars(receiver)}} if receiver else {})


def _runbook_url(config: Config, anchor: str) -> str:
    if config.grafana.runbook_url is not None:
        return f"{config.grafana.runbook_url}#{anchor}"
    return _board_url(config, "pipeline", {"viewPanel": str(pipeline.RUNBOOK_PANEL)})


def _look(config: Config, suffix: str, query: dict[str, str]) -> str:
    """Where to look, if Grafana's address is known: a path alone is no link in a mail or a chat."""
    return f" Look at {_board_url(config, suffix, query)}" if config.grafana.public_url else ""


def _percent(ratio: float) -> str:
    return f"{ratio * 100:.4g} %"


def _board_url(config: Config, suffix: str, query: dict[str, str]) -> str:
    base = (config.grafana.public_url or "").rstrip("/")
    parameters = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
    return f"{base}/d/{board_uid(config, suffix)}/{SLUGS[suffix]}?{parameters}"


def _service_rules(config: Config, source: XRaySource, watched: Service) -> Iterator[Rule]:
    limits = _limits(config.alerts, watched)
    where = _where(config, source)
    selector = filters.service(watched.name)
    window = duration_seconds(config.alerts.window) + rules.SETTLE_SECONDS
    enough = config.alerts.min_requests
    labels = {"service": watched.name, "source": source.uid}
    slow = {"var-slow": f"{limits['latency_seconds']:g}"}
    look = _look(config, "service", {"var-service": watched.name, "var-xray": source.uid} | slow)

    def column(ref: str, name: str, seconds: int = window, until: int = rules.SETTLE_SECONDS) -> dict[str, Any]:
        return rules.statistics(ref, source.uid, selector, name, seconds, until)

    def ratio(kind: str, severity: rules.Severity, counted: str, words: str, limit: float, guide: Guide) -> Rule:
        return Rule(
            uid=rule_uid(config.prefix, kind, source.uid, watched.name),
            title=f"{guide.title} of {watched.name}{where}",
            severity=severity,
            summary=f"{{{{ humanizePercentage $values.RATIO.Value }}}} of the requests to {watched.name} {words}",
            description=f"More than {_percent(limit)} of its requests {words}, over {config.alerts.window}{where}.{look}",
            guide=guide,
            board="service",
            panel=service.RATES_PANEL,
            queries=(
                column("COUNTED", counted),
                column("REQUESTS", REQUESTS_COLUMN),
                rules.reduce_sum("COUNTED_SUM", "COUNTED"),
                rules.reduce_sum("REQUESTS_SUM", "REQUESTS"),
                rules.math("RATIO", f"($COUNTED_SUM / ($REQUESTS_SUM + ($REQUESTS_SUM == 0))) * ($REQUESTS_SUM >= {enough})"),
                rules.above("RATIO", limit),
            ),
            on_error="KeepLast",
            on_no_data="OK",
            labels=labels,
        )

    yield ratio("fault", "critical", FAULTS_COLUMN, "ended in a fault (5xx)", limits["fault_ratio"], alert_guide.FAULTS)
    yield Rule(
        uid=rule_uid(config.prefix, "latency", source.uid, watched.name),
        title=f"{alert_guide.LATENCY.title} of {watched.name}{where}",
        severity="warning",
        summary=f"{watched.name} takes {{{{ humanizeDuration $values.SECONDS.Value }}}} on average",
        description=f"Mean response time above {limits['latency_seconds']:g} s, over {config.alerts.window}{where}.{look}",
        guide=alert_guide.LATENCY,
        board="service",
        panel=service.LATENCY_PANEL,
        queries=(
            column("AVERAGE", AVERAGE_COLUMN),
            column("REQUESTS", REQUESTS_COLUMN),
            rules.math("SPENT", "$AVERAGE * $REQUESTS"),
            rules.reduce_sum("SPENT_SUM", "SPENT"),
            rules.reduce_sum("REQUESTS_SUM", "REQUESTS"),
            rules.math("SECONDS", f"($SPENT_SUM / ($REQUESTS_SUM + ($REQUESTS_SUM == 0))) * ($REQUESTS_SUM >= {enough})"),
            rules.above("SECONDS", limits["latency_seconds"]),
        ),
        on_error="KeepLast",
        on_no_data="OK",
        labels=labels,
    )
    yield ratio("throttle", "warning", THROTTLES_COLUMN, "were throttled (429)", limits["throttle_ratio"], alert_guide.THROTTLES)
    if watched.alerts.traffic_loss if watched.alerts.traffic_loss is not None else config.alerts.traffic_loss:
        yield _traffic_loss(config, source, watched, column, look)


def _limits(alerts: Alerts, watched: Service) -> dict[str, float]:
    """A service's own limits over those of the alerts section; what counts as slow serves as its latency limit too."""
    own = watched.alerts
    latency = own.latency_seconds or watched.slow_seconds or alerts.latency_seconds
    return {
        "fault_ratio": own.fault_ratio or alerts.fault_ratio,
        "latency_seconds": latency,
        "throttle_ratio": own.throttle_ratio or alerts.throttle_ratio,
    }


def _traffic_loss(config: Config, source: XRaySource, watched: Service, column: Any, look: str) -> Rule:
    """Fires when a service that was busy, most minutes of three hours, has nearly no requests in the window.

    Both queries begin three hours back, so that a window without a single request is a small number and not an Error; a service that was
    quiet all along gives no rows, which is silence. The rule falls silent by itself once the baseline is empty too.
    """
    window = duration_seconds(config.alerts.window)
    start = BASELINE_SECONDS + window + rules.SETTLE_SECONDS
    expected = config.alerts.traffic_loss_ratio * window / BASELINE_SECONDS
    busy = f"($BEFORE_SUM >= {config.alerts.traffic_loss_min_requests}) * ($BEFORE_MINUTES >= {BUSY_MINUTES})"
    return Rule(
        uid=rule_uid(config.prefix, "traffic", source.uid, watched.name),
        title=f"{alert_guide.TRAFFIC.title} of {watched.name}{_where(config, source)}",
        severity="critical",
        summary=f"{watched.name} has lost nearly all its traffic",
        description=(
            f"Fewer than {_percent(config.alerts.traffic_loss_ratio)} of the requests per minute that {watched.name} had in the three "
            f"hours before, over {config.alerts.window}{_where(config, source)}.{look}"
        ),
        guide=alert_guide.TRAFFIC,
        board="service",
        panel=service.REQUESTS_PANEL,
        queries=(
            column("ALL", REQUESTS_COLUMN, start),
            column("BEFORE", REQUESTS_COLUMN, start, window + rules.SETTLE_SECONDS),
            rules.reduce_sum("ALL_SUM", "ALL"),
            rules.reduce_sum("BEFORE_SUM", "BEFORE"),
            rules.reduce_count("BEFORE_MINUTES", "BEFORE"),
            rules.math(
                "LOST",
                f"{busy} * (($ALL_SUM - $BEFORE_SUM) < ($BEFORE_SUM * {expected:.6g}))",
            ),
            rules.above("LOST", 0),
        ),
        on_error="KeepLast",
        on_no_data="OK",
        labels={"service": watched.name, "source": source.uid},
    )


def _silent_source(config: Config, source: XRaySource) -> Rule:
    """Says when a source cannot be asked or had no traced request for hours; its errors are its alert."""
    look = _look(config, "pipeline", {"var-xray": source.uid})
    return Rule(
        uid=rule_uid(config.prefix, "silent", source.uid),
        title=f"{alert_guide.SILENCE.title}{_where(config, source) or f' ({source.name})'}",
        severity="info",
        summary=f"{source.name} gave no answer, or had no traced request for {SILENCE_SECONDS // 3600} hours",
        description=f"All other X-Ray rules of this source are silent meanwhile.{look}",
        guide=alert_guide.SILENCE,
        board="pipeline",
        panel=pipeline.TRACED_REQUESTS_PANEL,
        queries=(
            rules.statistics("REQUESTS", source.uid, "", REQUESTS_COLUMN, SILENCE_SECONDS, 0),
            rules.reduce_sum("REQUESTS_SUM", "REQUESTS"),
            rules.below("REQUESTS_SUM", 1),
        ),
        on_error="Alerting",
        on_no_data="Alerting",
        labels={"source": source.uid, "kind": SILENT_SOURCE},
    )


def _load_balancer_rules(config: Config, logs: Logs) -> Iterator[Rule]:
    """One instance for each load balancer. A Loki that is away for a moment neither fires nor resolves them."""
    alerts = config.alerts
    seconds = duration_seconds(alerts.window)
    label = contract.LABEL_LOAD_BALANCER
    name = f"{{{{ $labels.{label} }}}}"
    look = _look(config, "alb", {"var-loki": logs.uid}) + (f"&var-lb={name}" if config.grafana.public_url else "")

    def rule(kind: str, severity: rules.Severity, expr: str, limit: float, shown: str, summary: str, guide: Guide, panel: int) -> Rule:
        return Rule(
            uid=rule_uid(config.prefix, kind, logs.uid),
            title=guide.title,
            severity=severity,
            summary=summary,
            description=f"Limit {shown}, over {alerts.window}, from every access-log line of {name}.{look}",
            guide=guide,
            board="alb",
            panel=panel,
            queries=(rules.loki("LINES", logs.uid, expr, seconds), rules.reduce_last("VALUE", "LINES"), rules.above("VALUE", limit)),
            on_error="KeepLast",
            on_no_data="OK",
        )

    yield rule(
        "alb5xx",
        "critical",
        logql.server_error_ratio_by(label, logs.alb_selector, alerts.window, alerts.min_requests),
        alerts.alb_5xx_ratio,
        _percent(alerts.alb_5xx_ratio),
        f"{{{{ humanizePercentage $values.VALUE.Value }}}} of the answers of {name} are 5xx",
        alert_guide.ALB_ERRORS,
        alb.SERVER_ERRORS_PANEL,
    )
    yield rule(
        "albp99",
        "warning",
        logql.processing_time_quantile_by(label, logs.alb_selector, 0.99, alerts.window, alerts.min_requests),
        alerts.alb_p99_seconds,
        f"{alerts.alb_p99_seconds:g} s",
        f"The slowest hundredth of requests to {name} takes {{{{ humanizeDuration $values.VALUE.Value }}}}",
        alert_guide.ALB_P99,
        alb.P99_PANEL,
    )
    yield rule(
        "albids",
        "info",
        logql.untraced_ratio_by(label, logs.alb_selector, alerts.window, alerts.min_requests),
        alerts.alb_missing_trace_ratio,
        _percent(alerts.alb_missing_trace_ratio),
        f"{{{{ humanizePercentage $values.VALUE.Value }}}} of the lines of {name} have no usable trace id",
        alert_guide.ALB_IDS,
        alb.TRACED_PANEL,
    )


def _where(config: Config, source: XRaySource) -> str:
    return f" ({source.name})" if len(config.xray.sources) > 1 else ""
