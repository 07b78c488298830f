"""The UDP side: a thread that takes datagrams as fast as they come and hands them on; it neither reads nor answers them."""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from xray_grafana.errors import OutputError
from xray_grafana.sandbox.intake.guard import failure_of, reason_of
from xray_grafana.sandbox.intake.receive import dropped, receiver, widen

# For bursts: some 30,000 datagrams of 1 kB as the kernel counts them.
_BUFFER_BYTES: Final = 64 * 1024 * 1024
_LOOK_SECONDS: Final = 1.0
# How long a socket is left alone after an error that may last.
_PAUSE_SECONDS: Final = 1.0
# ICMP answers to something; there is nothing to answer here, so they are none of ours.
_OF_OTHERS: Final = frozenset({errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH})


class UdpServer:
    """Takes datagrams from a bound socket, which it closes at the end, until `close`.

    `take` is called in the receiving thread and must not wait; `lose` is told how many more the kernel has dropped. Whatever goes wrong,
    the thread goes on; `note` is told of it, once until datagrams come again.
    """

    def __init__(
        self,
        source: socket.socket,
        take: Callable[[Sequence[bytes]], None],
        lose: Callable[[int], None],
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._source = source
        self._take = take
        self._lose = lose
        self._note = note
        self._noted = ""
        self._dropped = 0
        self._looked = 0.0
        source.settimeout(0)
        widen(source, _BUFFER_BYTES)
        self._receiver = receiver(source)
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
        either, end = select.poll(), select.poll()
        either.register(self._source, select.POLLIN)
        for poll in (either, end):
            poll.register(self._woken, select.POLLIN)
        ending = False
        while not ending:
            ending = any(descriptor == self._woken.fileno() for descriptor, _ in either.poll(_LOOK_SECONDS * 1000))
            error = failure_of(self._take_all)
            if error is not None:
                self._tell(f"UDP: {reason_of(error)}")
                end.poll(_PAUSE_SECONDS * 1000)

    def _take_all(self) -> None:
        while datagrams := self._received():
            self._take(datagrams)
            self._noted = ""
            self._look(time.monotonic())
        self._look(time.monotonic())

    def _received(self) -> list[bytes]:
        try:
            return self._receiver.receive()
        except OSError as error:
            if error.errno in _OF_OTHERS:
                return []
            raise OutputError(f"cannot receive: {error.strerror}") from error

    def _tell(self, text: str) -> None:
        if text != self._noted:
            self._noted = text
            self._note(text)

    def _look(self, now: float) -> None:
        """Asks the kernel, not more often than every second."""
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        total = dropped(self._source)
        if total > self._dropped:
            self._lose(total - self._dropped)
            self._dropped = total
