"""Datagrams out of a socket, as many as there are in one go.

With a call for each, a thread that computes could keep the receiving one waiting after each, for Python's switch interval of 5 ms; the
kernel's buffer would overflow meanwhile. Linux has one call for many (recvmmsg(2)); elsewhere there is a call for each.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
import sys
from typing import Final, Protocol

# Larger ones do not exist: a UDP length has 16 bits.
_LARGEST: Final = 64 * 1024
_MANY: Final = 1024
# asm-generic/socket.h; a struct of nine 32-bit numbers, the last one counting what was dropped (linux/sock_diag.h, SK_MEMINFO_DROPS).
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("=9I")
_SO_RCVBUFFORCE: Final = 33


class Receiver(Protocol):
    """Whatever takes datagrams out of a socket that does not block."""

    def receive(self) -> list[bytes]:
        """Those that are there; none is an empty list. Raises OSError."""


def receiver(source: socket.socket) -> Receiver:
    """The best that the system has."""
    return ManyReceiver(source) if sys.platform == "linux" else OneReceiver(source)


def widen(source: socket.socket, size: int) -> None:
    """Gives the socket a buffer of `size` bytes, or as much as the system allows: all of it for root on Linux."""
    if sys.platform == "linux":
        try:
            source.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
        except PermissionError:
            pass
        else:
            return
    source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


def dropped(source: socket.socket) -> int:
    """How many datagrams the kernel had no room for since the socket was opened; 0 where it does not tell."""
    if sys.platform != "linux":
        return 0
    try:
        return int(_MEMINFO.unpack(source.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[-1])
    except OSError:
        return 0


class OneReceiver:
    """A call for each datagram."""

    def __init__(self, source: socket.socket) -> None:
        self._source = source

    def receive(self) -> list[bytes]:
        """Up to 1,024 datagrams."""
        datagrams: list[bytes] = []
        try:
            while len(datagrams) < _MANY:
                datagrams.append(self._source.recv(_LARGEST))
        except BlockingIOError:
            pass
        return datagrams


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("length", ctypes.c_uint))


class ManyReceiver:
    """One call for up to 1,024 datagrams, into buffers that are used again and again."""

    def __init__(self, source: socket.socket) -> None:
        self._source = source
        self._call = ctypes.CDLL(None, use_errno=True).recvmmsg
        buffer = mmap.mmap(-1, _LARGEST * _MANY)  # takes memory only where a datagram was
        self._view = memoryview(buffer)
        start = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
        self._vectors = (_Vector * _MANY)(*(_Vector(start + number * _LARGEST, _LARGEST) for number in range(_MANY)))
        self._messages = (_Message * _MANY)()
        for message, vector in zip(self._messages, self._vectors, strict=True):
            message.header.vectors = ctypes.pointer(vector)
            message.header.vector_count = 1

    def receive(self) -> list[bytes]:
        """Up to 1,024 datagrams."""
        count = self._call(self._source.fileno(), self._messages, _MANY, socket.MSG_DONTWAIT, None)
        if count < 0:
            error = ctypes.get_errno()
            try:
                raise OSError(error, os.strerror(error))
            except (BlockingIOError, InterruptedError):
                return []
        view = self._view
        messages = self._messages
        return [bytes(view[number * _LARGEST : number * _LARGEST + messages[number].length]) for number in range(count)]
