"""Sockets that listen, and what to say when one cannot."""

from __future__ import annotations

import errno
import socket
from typing import Final, Literal, TypeAlias

from xray_grafana.errors import OutputError

Address: TypeAlias = tuple[str, int]
Transport: TypeAlias = Literal["tcp", "udp"]

_KINDS: Final = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_BACKLOG: Final = 128


def bound(transport: Transport, address: Address) -> socket.socket:
    """A socket bound to the address, listening if it is TCP; port 0 is any free one. Raises OutputError that says what is in the way."""
    host, port = address
    where = f"{transport} {shown(address)}"
    try:
        family, kind, _, _, resolved = socket.getaddrinfo(host, port, type=_KINDS[transport], flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError, OverflowError) as error:
        raise OutputError(f"no such address: {error}", where=where, hint="give an address of this machine, such as 127.0.0.1") from error
    made = socket.socket(family, kind)
    try:
        if transport == "tcp":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what a sandbox before this one left in TIME_WAIT is no hindrance
        made.bind(resolved)
        if transport == "tcp":
            made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise OutputError(
            _SUMMARIES.get(error.errno or 0, f"cannot be opened: {error.strerror}"), where=where, hint=_hint(error, port)
        ) from error
    return made


def address_of(listening: socket.socket) -> Address:
    """Host and port it is really bound to."""
    host, port = listening.getsockname()[:2]
    return host, port


def shown(address: Address) -> str:
    """`127.0.0.1:2000`, `[::1]:2000`."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


_SUMMARIES: Final = {errno.EADDRINUSE: "the port is in use", errno.EADDRNOTAVAIL: "this machine has no such address"}


def _hint(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"`ss -ltnup 'sport = :{port}'` shows the process that has it; end it, or choose another port"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "ports below 1024 need rights of the system; choose a higher one"
    return "give an address of this machine, such as 127.0.0.1"
