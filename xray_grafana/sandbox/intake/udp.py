"""The UDP side: a thread that takes datagrams as fast as they come and hands them on; it neither reads nor answers them."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from xray_grafana.sandbox.intake.receive import dropped, receiver, widen

# For bursts: some 30,000 datagrams of 1 kB as the kernel counts them.
_BUFFER_BYTES: Final = 64 * 1024 * 1024
_LOOK_SECONDS: Final = 1.0


class UdpServer:
    """Takes datagrams from a bound socket, which it closes at the end, until `close`.

    `take` is called in the receiving thread and must not wait; `lose` is told how many more the kernel has dropped.
    """

    def __init__(self, source: socket.socket, take: Callable[[Sequence[bytes]], None], lose: Callable[[int], None]) -> None:
        self._source = source
        self._take = take
        self._lose = lose
        self._dropped = 0
        self._looked = 0.0
        source.settimeout(0)
        widen(source, _BUFFER_BYTES)
        self._woken, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="sandbox-udp")
        self._thread.start()

    def close(self) -> None:
        """Takes what has arrived, then ends the thread and closes the socket."""
        self._wake.send(b"\0")
        self._thread.join()
        for each in (self._wake, self._woken, self._source):
            each.close()

    def _run(self) -> None:
        source = receiver(self._source)
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        ending = False
        while not ending:
            ending = any(descriptor == self._woken.fileno() for descriptor, _ in poll.poll(_LOOK_SECONDS * 1000))
            while datagrams := self._received(source.receive):
                self._take(datagrams)
                self._look(time.monotonic())
            self._look(time.monotonic())

    @staticmethod
    def _received(receive: Callable[[], list[bytes]]) -> list[bytes]:
        try:
            return receive()
        except OSError:  # an ICMP answer to something; there is nothing to answer here, so it is none of ours
            return []

    def _look(self, now: float) -> None:
        """Asks the kernel, not more often than every second."""
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        total = dropped(self._source)
        if total > self._dropped:
            self._lose(total - self._dropped)
            self._dropped = total
