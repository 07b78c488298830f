"""Service map: who calls whom, and which edge is sick?"""

from __future__ import annotations

from xray_grafana.dashboards import draw, panels
from xray_grafana.dashboards.board import CHECK_XRAY, Board, Kit
from xray_grafana.dashboards.layout import Section, band, columns, section
from xray_grafana.dashboards.panels import row, shared
from xray_grafana.dashboards.targets import XRayTarget
from xray_grafana.dashboards.traces import group_title

TITLE = "X-Ray / Service map"
ANSWERS = "Who calls whom, and which edge is sick?"

_MAP, _SERVICES, _EDGES = 1, 2, 3
# Ids of the rows for groups and accounts: three to a row.
_GROUPS_FROM, _ACCOUNTS_FROM = 100, 400

_RING = "Ring: green fine, yellow errors, red faults, purple throttles. Ctrl and wheel zoom; click a node for its links."


def build(kit: Kit) -> Board:
    """The whole map beside its tables, and a closed row for each X-Ray group and linked account; one AWS call a load."""
    whole = panels.node_graph(
        _MAP, "Service map", f"Every service of the source. {_RING}", [XRayTarget(queryType="getServiceMap")], kit.links.on_map()
    )
    services = draw.nodes_table(
        kit, _SERVICES, "Services", "Every node, most faults first. Click a name for its board.", _MAP, with_type=False
    )
    edges = draw.edges_table(
        kit, _EDGES, "Edges", "Every call on the map and how most of it ended. Click a name for its board.", shared(_MAP)[0]
    )
    elsewhere = " An error sign: another source has this group." if len(kit.config.xray.sources) > 1 else ""
    groups = [
        _narrowed(
            kit,
            _GROUPS_FROM + 3 * index,
            f"Group {group_title(kit.config, group)}",
            f"Only requests of the X-Ray group {group.name}: {group.filter}.{elsewhere}",
            XRayTarget(queryType="getServiceMap", group={"GroupName": group.name, "GroupARN": group.arn, "FilterExpression": group.filter}),
        )
        for index, group in enumerate(kit.config.xray.groups)
    ]
    accounts = [
        _narrowed(
            kit,
            _ACCOUNTS_FROM + 3 * index,
            f"Account {account}",
            f"Only nodes of the account {account}; clients and inferred nodes carry no account and are left out.",
            XRayTarget(queryType="getServiceMap", accountIds=(account,)),
        )
        for index, account in enumerate(kit.config.aws.linked_accounts)
    ]
    return kit.board(
        "map",
        TITLE,
        ANSWERS,
        [columns((14, [(whole, 22)]), (10, [(services, 11), (edges, 11)])), *groups, *accounts],
        advice=CHECK_XRAY,
    )


def _narrowed(kit: Kit, id_: int, title: str, description: str, target: XRayTarget) -> Section:
    part = panels.node_graph(id_ + 1, title, f"{description} {_RING}", [target], kit.links.on_map())
    table = draw.nodes_table(
        kit,
        id_ + 2,
        f"Services of {title[0].lower()}{title[1:]}",
        "Its nodes, most faults first. Click a name for its board.",
        id_ + 1,
        with_type=False,
    )
    return section(row(id_, title), band(16, (14, part), (10, table)))
