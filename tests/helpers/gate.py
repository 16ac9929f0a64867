"""A gate before a server: what goes through it can be cut off at any moment."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_CHUNK: Final = 65536


class Gate:
    """Forwards connections to a port of this machine, from a port that stays the same.

    Attributes:
        port: where to connect to.
        open_for: how many connections it lets through still; None = any number.
        loses_answer_to: the next request with this text in it arrives, and its answer does not.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = int(self._listener.getsockname()[1])
        self.open_for: int | None = None
        self.loses_answer_to = b""
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> str:
        """Of the server behind it."""
        return f"http://{LOOPBACK}:{self.port}"

    def close(self) -> None:
        """End it for good."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._forward, args=[connection], daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while request := client.recv(_CHUNK):  # kept-alive connections ask many times
                if self.open_for is not None and self.open_for <= 0:
                    return
                if self.open_for is not None:
                    self.open_for -= 1
                request = _whole(client, request)
                answer = self._answer(request)
                if self.loses_answer_to and self.loses_answer_to in request:
                    self.loses_answer_to = b""
                    return
                client.sendall(answer)

    def _answer(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection")]
        with socket.create_connection((LOOPBACK, self._server_port)) as server:
            server.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
            answer = b""
            while chunk := server.recv(_CHUNK):
                answer += chunk
        return answer


def _whole(client: socket.socket, request: bytes) -> bytes:
    """A request with all of its body."""
    while b"\r\n\r\n" not in request:
        request += client.recv(_CHUNK)
    head, _, body = request.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    if b"transfer-encoding: chunked" in head.lower():
        while not body.endswith(b"0\r\n\r\n"):
            body += client.recv(_CHUNK)
    while len(body) < length:
        body += client.recv(_CHUNK)
    return head + b"\r\n\r\n" + body
