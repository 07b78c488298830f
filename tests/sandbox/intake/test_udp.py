from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import pytest

from xray_grafana.sandbox.addresses import Address, address_of, bound
from xray_grafana.sandbox.intake.receive import ManyReceiver, OneReceiver, Receiver, dropped, receiver, widen
from xray_grafana.sandbox.intake.udp import UdpServer

pytestmark = pytest.mark.enable_socket

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's counts and its call for many datagrams are Linux's")


class Taken:
    def __init__(self) -> None:
        self.datagrams: list[bytes] = []
        self.lost = 0
        self.hold = threading.Event()
        self.hold.set()

    def take(self, datagrams: Sequence[bytes]) -> None:
        self.datagrams.extend(datagrams)
        self.hold.wait()

    def lose(self, count: int) -> None:
        self.lost += count


@contextmanager
def udp_server(taken: Taken, host: str = "127.0.0.1") -> Iterator[Address]:
    source = bound("udp", (host, 0))
    address = address_of(source)
    with closing(UdpServer(source, taken.take, taken.lose)):
        yield address


@contextmanager
def sender(address: Address) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as made:
        made.connect(address)
        yield made


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(params=[pytest.param(ManyReceiver, marks=linux), OneReceiver])
def kind(request: pytest.FixtureRequest) -> Callable[[socket.socket], Receiver]:
    made: Callable[[socket.socket], Receiver] = request.param
    return made


def test_a_receiver_takes_what_is_there_in_order(kind: Callable[[socket.socket], Receiver]) -> None:
    with closing(bound("udp", ("127.0.0.1", 0))) as source, sender(address_of(source)) as out:
        source.settimeout(0)
        taken = kind(source)
        assert taken.receive() == []
        sent = [b"", b"a", b"x" * 65_507, b"b" * 1_000, b"c"]
        for datagram in sent:
            out.send(datagram)
        assert taken.receive() == sent
        assert taken.receive() == []
        out.send(b"again")
        assert taken.receive() == [b"again"]


def test_a_receiver_takes_no_more_than_1024_in_one_go(kind: Callable[[socket.socket], Receiver]) -> None:
    with closing(bound("udp", ("127.0.0.1", 0))) as source, sender(address_of(source)) as out:
        source.settimeout(0)
        widen(source, 16 * 1024 * 1024)
        if source.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < 4 * 1024 * 1024:
            pytest.skip("this system allows no buffer for 1,500 datagrams")
        sent = [str(number).encode() for number in range(1_500)]
        for datagram in sent:
            out.send(datagram)
        taken = kind(source)
        assert taken.receive() == sent[:1_024]
        assert taken.receive() == sent[1_024:]


def test_a_closed_socket_is_an_error_and_not_nothing(kind: Callable[[socket.socket], Receiver]) -> None:
    source = bound("udp", ("127.0.0.1", 0))
    source.settimeout(0)
    taken = kind(source)
    source.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        taken.receive()


@linux
def test_linux_receives_many_at_a_time() -> None:
    with closing(bound("udp", ("127.0.0.1", 0))) as source:
        assert isinstance(receiver(source), ManyReceiver)


@linux
def test_what_the_kernel_drops_is_counted() -> None:
    with closing(bound("udp", ("127.0.0.1", 0))) as source, sender(address_of(source)) as out:
        source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        for _ in range(200):
            out.send(b"x" * 1_000)
        source.settimeout(0)
        kept = len(OneReceiver(source).receive())
        assert kept + dropped(source) == 200
        assert kept < 200


def test_a_wide_buffer_holds_a_burst() -> None:
    with closing(bound("udp", ("127.0.0.1", 0))) as source:
        before = source.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        widen(source, 64 * 1024 * 1024)
        assert source.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= before


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_datagrams_are_handed_on_as_they_came(host: str) -> None:
    taken = Taken()
    with udp_server(taken, host) as address, sender(address) as out:
        out.send(b"one")
        out.send(b"")
        out.send(b"three")
        wait_until(lambda: len(taken.datagrams) == 3)
    assert taken.datagrams == [b"one", b"", b"three"]


def test_a_burst_that_comes_while_nothing_is_taken_is_lost_by_nobody() -> None:
    taken = Taken()
    with udp_server(taken) as address, sender(address) as out:
        taken.hold.clear()
        for number in range(200):
            out.send(str(number).encode())
        taken.hold.set()
        wait_until(lambda: len(taken.datagrams) == 200)
    assert taken.datagrams == [str(number).encode() for number in range(200)]
    assert taken.lost == 0


def test_what_arrived_before_the_end_is_taken() -> None:
    taken = Taken()
    with udp_server(taken) as address, sender(address) as out:
        for number in range(200):
            out.send(str(number).encode())
    assert len(taken.datagrams) == 200


@linux
def test_losses_are_told() -> None:
    """The buffer is made small again once the server has made it wide."""
    taken = Taken()
    source = bound("udp", ("127.0.0.1", 0))
    with closing(UdpServer(source, taken.take, taken.lose)), sender(address_of(source)) as out:
        source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        taken.hold.clear()
        out.send(b"first")
        wait_until(lambda: taken.datagrams == [b"first"])
        for _ in range(300):
            out.send(b"x" * 1_000)
        taken.hold.set()
        wait_until(lambda: taken.lost > 0)
        wait_until(lambda: taken.lost + len(taken.datagrams) == 301)


def test_an_error_of_the_network_does_not_end_the_server() -> None:
    """A connected socket is told that nobody listens at the other end, with the next call that receives."""
    taken = Taken()
    with closing(bound("udp", ("127.0.0.1", 0))) as nobody:
        other_end = address_of(nobody)
    source = bound("udp", ("127.0.0.1", 0))
    address = address_of(source)
    source.connect(other_end)
    with closing(UdpServer(source, taken.take, taken.lose)):
        source.send(b"x")
        with closing(bound("udp", other_end)) as out:
            out.sendto(b"still here", address)
            wait_until(lambda: taken.datagrams == [b"still here"])


def test_whatever_a_datagram_leads_to_the_next_ones_are_taken_and_it_is_told() -> None:
    taken = Taken()
    notes: list[str] = []

    def take(datagrams: Sequence[bytes]) -> None:
        if b"odd" in datagrams:
            raise ZeroDivisionError("a fault")
        taken.take(datagrams)

    source = bound("udp", ("127.0.0.1", 0))
    with closing(UdpServer(source, take, taken.lose, notes.append)), sender(address_of(source)) as out:
        out.send(b"odd")
        wait_until(lambda: len(notes) == 1)
        out.send(b"next")
        wait_until(lambda: taken.datagrams == [b"next"])
    assert notes == ["UDP: a fault of the sandbox: ZeroDivisionError: a fault"]


@linux
def test_an_error_that_lasts_is_told_once_and_the_end_is_still_found() -> None:
    """In the socket's place comes one that is connected to nobody, from which nothing can be received."""
    notes: list[str] = []
    source = bound("udp", ("127.0.0.1", 0))
    descriptor = source.fileno()
    server = UdpServer(source, Taken().take, Taken().lose, notes.append)
    with closing(server), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other:
        os.dup2(other.fileno(), descriptor)
        wait_until(lambda: len(notes) == 1)
    assert len(notes) == 1
    assert notes[0].startswith("UDP: cannot receive: ")


def test_nothing_is_left_after_the_end() -> None:
    taken = Taken()
    before = threading.active_count()
    source = bound("udp", ("127.0.0.1", 0))
    address = address_of(source)
    UdpServer(source, taken.take, taken.lose).close()
    assert threading.active_count() == before
    bound("udp", address).close()
