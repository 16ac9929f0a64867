"""A real web server for tests of downloads.

Honest unless a request's answer is scripted otherwise.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
import ssl
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Answer = Callable[["Handler"], None]


@dataclass
class Asked:
    """One request: its path and headers, and how many bytes of content were sent back."""

    path: str
    headers: dict[str, str]
    sent: int = 0


@dataclass
class Site:
    """What the server has, what it shall do with the next requests, and what it was asked."""

    content: bytes
    etag: str | None = '"v1"'
    script: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    address: str = ""

    def plan(self, *answers: Answer) -> None:
        """Answer the next requests so; those after them honestly."""
        self.script.extend(answers)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site
    context: ssl.SSLContext | None = None

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked = Asked(self.path, dict(self.headers))
        self.site.asked.append(self.asked)
        answer = self.site.script.popleft() if self.site.script else honest
        answer(self)

    def do_CONNECT(self) -> None:
        """Be a proxy that answers for every host itself."""
        self.send_response(200)
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def head(self, status: int, headers: dict[str, object]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()

    def body(self, data: bytes) -> None:
        self.asked.sent += len(data)  # before the client can see them
        self.wfile.write(data)

    def start(self) -> int:
        """First byte asked for; 0 where If-Range names another file."""
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return (
            int(wanted[1])
            if wanted and self.headers.get("If-Range", self.site.etag) == self.site.etag
            else 0
        )


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what these tests are about; anything else is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def honest(handler: Handler) -> None:
    cut_after(len(handler.site.content))(handler)


def cut_after(size: int, more: dict[str, object] | None = None) -> Answer:
    """Announce what is asked for, send at most this many bytes of it.

    Close the connection if that was not all.

    ``more`` are further headers.
    """

    def answer(handler: Handler) -> None:
        content, start = handler.site.content, handler.start()
        rest = content[start:]
        headers: dict[str, object] = {
            "ETag": handler.site.etag,
            "Content-Length": len(rest),
            **(more or {}),
        }
        if start and not rest:
            return handler.head(
                416, {"Content-Range": f"bytes */{len(content)}", "Content-Length": 0}
            )
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        handler.head(206 if start else 200, headers)
        handler.body(rest[:size])
        handler.close_connection |= len(rest) > size
        return None

    return answer


def rangeless(size: int | None = None) -> Answer:
    """Know no ranges; send all, or as many bytes and close."""

    def answer(handler: Handler) -> None:
        handler.head(200, {"Content-Length": len(handler.site.content)})
        handler.body(handler.site.content[:size])
        handler.close_connection |= size is not None

    return answer


def announcing(length: int) -> Answer:
    """Announce a length, send the content and close."""

    def answer(handler: Handler) -> None:
        handler.head(200, {"Content-Length": length})
        handler.body(handler.site.content)
        handler.close_connection = True

    return answer


def endless(handler: Handler) -> None:
    """Send the content in chunks without announcing a length, then more."""
    handler.head(200, {"Transfer-Encoding": "chunked"})
    for data in (handler.site.content, b"more"):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
    handler.wfile.write(b"0\r\n\r\n")


def status(code: int) -> Answer:
    return lambda handler: handler.head(code, {"Content-Length": 0})


def page(text: str, code: int = 200) -> Answer:
    def answer(handler: Handler) -> None:
        handler.head(
            code, {"Content-Type": "text/html; charset=utf-8", "Content-Length": len(text)}
        )
        handler.body(text.encode())

    return answer


def moved(place: str) -> Answer:
    return lambda handler: handler.head(302, {"Location": place, "Content-Length": 0})


@contextmanager
def serving(
    content: bytes, *, context: ssl.SSLContext | None = None, proxy: bool = False
) -> Iterator[Site]:
    """Serve on a free port of this machine.

    Http, https where a context is given, or as a proxy that speaks it.
    """
    site = Site(content)
    handler = type("Bound", (Handler,), {"site": site, "context": context})
    with Server(("127.0.0.1", 0), handler) as server:
        secure = context is not None and not proxy
        if secure:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        site.address = f"http{'s' if secure else ''}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path, *hosts: str) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1 and some hosts.

    Its file, and a server's context with it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ferbench tests")])
    names = [x509.DNSName(host) for host in hosts]
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *names]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context
