"""A key to MLflow's pages: who has it may see runs, others on the machine may not.

MLflow asks nobody who they are, and a port of the loopback address is open to every account of the
machine. So the server that ``ferbench ui`` starts answers only who brings the key that this start
printed: once in the address, from then on in a cookie, or in a header as MLflow's clients send it.

Gunicorn reads this module as its configuration (``python:ferbench.tracking.page_key``).
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs

VARIABLE: Final = "FERBENCH_UI_KEY"
"""Of the server's environment, which no other account can read; a command line everybody can."""
QUERY: Final = "key"
OPEN_TO_ALL: Final = "/health"
"""It says that the server is there, and nothing else."""
_REFUSED: Final = (
    b"These pages need a key: open the address that 'ferbench ui' printed when it was started.\n"
)

Start = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Locked:
    """A WSGI application behind a key.

    Attributes:
        application: what is served.
        key: what has to be brought.
    """

    application: Application
    key: str

    def __call__(self, request: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer who has the key; keep it in a cookie for who brings it in the address."""
        if request.get("PATH_INFO") == OPEN_TO_ALL or self._has_key(request):
            return self.application(request, start)
        if request.get("REQUEST_METHOD") == "GET" and self._is_key(_in_address(request)):
            cookie = f"{_name(request)}={self.key}; Path=/; HttpOnly; SameSite=Lax"
            headers = [
                ("Location", "/"),
                ("Set-Cookie", cookie),
                ("Referrer-Policy", "no-referrer"),
            ]
            start("303 See Other", headers)
            return []
        start("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
        return [_REFUSED]

    def _has_key(self, request: dict[str, Any]) -> bool:
        brought = str(request.get("HTTP_AUTHORIZATION", "")).removeprefix("Bearer ")
        return self._is_key(brought) or self._is_key(_in_cookie(request))

    def _is_key(self, brought: str) -> bool:
        return hmac.compare_digest(brought.encode(), self.key.encode())


def _name(request: dict[str, Any]) -> str:
    """Of the cookie: cookies know no ports, so two servers would take each other's key away."""
    return f"ferbench-ui-{request.get('SERVER_PORT', '')}"


def _in_cookie(request: dict[str, Any]) -> str:
    try:
        found = SimpleCookie(str(request.get("HTTP_COOKIE", ""))).get(_name(request))
    except CookieError:
        return ""
    return found.value if found else ""


def _in_address(request: dict[str, Any]) -> str:
    return parse_qs(str(request.get("QUERY_STRING", ""))).get(QUERY, [""])[0]


def post_worker_init(worker: Any) -> None:
    """Gunicorn calls this when a worker has loaded what it serves."""
    worker.wsgi = Locked(application=worker.wsgi, key=os.environ[VARIABLE])
