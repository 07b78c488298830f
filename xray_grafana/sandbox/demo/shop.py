"""What the shop's services do: every route with how often it is asked for, and a function for what each service does about it."""

from __future__ import annotations

from http import HTTPStatus
from itertools import accumulate
from typing import Final, NamedTuple

from xray_grafana.sandbox.demo.play import THROTTLED, Handler, Play, Visit
from xray_grafana.sandbox.demo.scene import CART, CHECKOUT, INVENTORY, PAYMENTS, STOREFRONT

_ITEMS: Final = 200
# Items from here on are linked from elsewhere and are not there.
_KNOWN_ITEMS: Final = 198
_WORDS: Final = ("boots", "lamp", "mug", "raincoat", "scarf", "tent")


class Route(NamedTuple):
    """A request from outside. `path` may hold an item, a word or an order; `weight` is its share in a hundred."""

    method: str
    path: str
    weight: int
    handler: Handler


def play_one(play: Play, route: Route) -> Visit:
    """Has the storefront handle a request, and all that follows."""
    chance = play.chance
    path = route.path.format(item=chance.randrange(_ITEMS), word=chance.choice(_WORDS), order=f"A-{chance.randrange(100_000):05d}")
    return play.serve(STOREFRONT, route.method, path, route.handler)


def _answers_with(visit: Visit, called: Visit) -> bool:
    """Hands on what went wrong further down. True: nothing did."""
    if called.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        visit.status = HTTPStatus.BAD_GATEWAY
    elif called.status >= HTTPStatus.BAD_REQUEST:
        visit.status = called.status
    return called.status < HTTPStatus.BAD_REQUEST


def _home(play: Play, visit: Visit) -> None:
    play.work(0.003)
    _answers_with(visit, play.call(visit, INVENTORY, "GET", "/items", _list_items))
    play.work(0.004)


def _item(play: Play, visit: Visit) -> None:
    play.work(0.002)
    _answers_with(visit, play.call(visit, INVENTORY, "GET", visit.path, _one_item))
    play.work(0.003)


def _search(play: Play, visit: Visit) -> None:
    play.work(0.002)
    _answers_with(visit, play.call(visit, INVENTORY, "GET", visit.path, _find_items))
    play.work(0.005)


def _show_cart(play: Play, visit: Visit) -> None:
    play.work(0.002)
    _answers_with(visit, play.call(visit, CART, "GET", f"/carts/{play.customer.name}", _read_cart))
    play.work(0.002)


def _add_to_cart(play: Play, visit: Visit) -> None:
    play.work(0.002)
    _answers_with(visit, play.call(visit, CART, "POST", f"/carts/{play.customer.name}/items", _fill_cart))
    play.work(0.001)


def _check_out(play: Play, visit: Visit) -> None:
    play.work(0.003)
    _answers_with(visit, play.call(visit, CHECKOUT, "POST", "/orders", _place_order))
    play.work(0.004)


def _show_order(play: Play, visit: Visit) -> None:
    play.work(0.002)
    _answers_with(visit, play.call(visit, CHECKOUT, "GET", visit.path, _read_order))
    play.work(0.002)


def _log_in(play: Play, visit: Visit) -> None:
    play.work(0.03)
    if play.happens(0.08):
        play.fail(visit, HTTPStatus.UNAUTHORIZED, "LoginRefused", "wrong password")


ROUTES: Final = (
    Route("GET", "/", 18, _home),
    Route("GET", "/items/{item}", 30, _item),
    Route("GET", "/search?q={word}", 12, _search),
    Route("GET", "/cart", 8, _show_cart),
    Route("POST", "/cart", 10, _add_to_cart),
    Route("POST", "/checkout", 12, _check_out),
    Route("GET", "/orders/{order}", 6, _show_order),
    Route("POST", "/login", 4, _log_in),
)
ROUTE_WEIGHTS: Final = tuple(accumulate(route.weight for route in ROUTES))


# The inventory


def _list_items(play: Play, visit: Visit) -> None:
    play.work(0.001)
    play.table(visit, "inventory", "Query")
    play.work(0.002)


def _one_item(play: Play, visit: Visit) -> None:
    play.table(visit, "inventory", "GetItem")
    item = int(visit.path.rpartition("/")[2])
    if item >= _KNOWN_ITEMS:
        play.fail(visit, HTTPStatus.NOT_FOUND, "ItemNotFound", f"there is no item {item}")
    play.work(0.001)


def _find_items(play: Play, visit: Visit) -> None:
    play.database(visit, "catalog", "SELECT id, name FROM items WHERE words @@ to_tsquery(?) LIMIT ?")
    play.work(0.003)


def _reserve(play: Play, visit: Visit) -> None:
    play.table(visit, "inventory", "UpdateItem")
    play.work(0.001)


# The cart


def _throttled(play: Play, visit: Visit) -> None:
    play.fail(visit, HTTPStatus.TOO_MANY_REQUESTS, THROTTLED, "table carts takes no more for now")


def _read_cart(play: Play, visit: Visit) -> None:
    if not play.table(visit, "carts", "GetItem"):
        _throttled(play, visit)
    play.work(0.001)


def _fill_cart(play: Play, visit: Visit) -> None:
    visit.annotations["items"] = play.chance.randrange(1, 9)
    play.call(visit, INVENTORY, "POST", "/reservations", _reserve)
    if not play.table(visit, "carts", "UpdateItem"):
        _throttled(play, visit)
    play.work(0.001)


# The checkout


def _place_order(play: Play, visit: Visit) -> None:
    order = f"A-{play.chance.randrange(100_000):05d}"
    visit.annotations["order_id"] = order
    play.work(0.002)
    if not _answers_with(visit, play.call(visit, CART, "GET", f"/carts/{play.customer.name}", _read_cart)):
        return
    if play.happens(play.effects.checkout_failures):
        play.work(0.004)
        play.fail(visit, HTTPStatus.INTERNAL_SERVER_ERROR, "TypeError", "unsupported operand type(s) for *: 'NoneType' and 'Decimal'")
        return
    payment = play.call(visit, PAYMENTS, "POST", "/payments", _pay)
    if payment.status >= HTTPStatus.BAD_REQUEST:
        play.fail(visit, HTTPStatus.BAD_GATEWAY, "PaymentFailed", f"payments answered {payment.status}")
        return
    play.call(visit, INVENTORY, "POST", "/reservations", _reserve)
    play.table(visit, "orders", "PutItem")
    play.queue(visit, "orders")
    visit.status = HTTPStatus.CREATED
    play.note(visit, "info", f"order {order} placed")


def _read_order(play: Play, visit: Visit) -> None:
    visit.annotations["order_id"] = visit.path.rpartition("/")[2]
    play.table(visit, "orders", "GetItem")
    play.work(0.001)


# The payments


def _pay(play: Play, visit: Visit) -> None:
    play.work(0.003)
    trouble = play.provider(visit)
    if trouble is not None:
        play.fail(visit, HTTPStatus.BAD_GATEWAY, trouble.type, trouble.message)
        return
    play.database(visit, "ledger", "INSERT INTO entries (order_id, amount, currency) VALUES (?, ?, ?)")
    visit.status = HTTPStatus.CREATED
