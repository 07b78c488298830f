"""A Loki that takes everything and keeps nothing, in a process of its own, so that a bench measures the sender alone."""

from __future__ import annotations

import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


class _Sink(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        buffer = bytearray(1024 * 1024)
        while self.rfile.readline():
            length = 0
            while (line := self.rfile.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            while length:
                length -= self.rfile.readinto(memoryview(buffer)[: min(length, len(buffer))])
            self.wfile.write(ANSWER)


def main() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Sink) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        server.serve_forever()


@contextmanager
def null_loki() -> Iterator[str]:
    """Its address while the context lasts."""
    with subprocess.Popen([sys.executable, "-m", "bench.null_loki"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
