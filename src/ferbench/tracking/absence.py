"""Whether a store that failed is away for a while, or refuses for good."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from typing import Final

_LATER: Final = frozenset(
    (
        "DEADLINE_EXCEEDED",
        "INTERNAL_ERROR",
        "REQUEST_LIMIT_EXCEEDED",
        "RESOURCE_EXHAUSTED",
        "TEMPORARILY_UNAVAILABLE",
    )
)
"""What a server answers that cannot work now."""
_LATER_STATUS: Final = (408, 429)
_LOCKED: Final = ("database is locked", "database table is locked")
_NOT_LET_IN: Final = (
    "authentication failed",
    "no password supplied",
    "does not exist",
    "pg_hba.conf",
    "Access denied",
)
"""Of a database that answers, and will answer the same tomorrow."""


def is_absence(error: BaseException) -> bool:
    """Whether what MLflow raised may be gone by itself in a while.

    A server that cannot be reached or is overloaded, a database that is down or locked: yes. Wrong
    credentials, an address that is none, a host that nobody knows, whatever the server refuses: no.
    """
    chain = list(_chain(error))
    if any(_is_final(each) for each in chain):
        return False
    return any(_is_passing(each) for each in chain)


def is_locked(error: BaseException) -> bool:
    """Whether another process holds the lock of a sqlite file."""
    return any(_is_locked(each) for each in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_final(error: BaseException) -> bool:
    from requests import exceptions
    from sqlalchemy.exc import OperationalError

    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_NONAME
    if isinstance(error, OperationalError):
        return any(words in str(error) for words in _NOT_LET_IN)
    addresses = (exceptions.InvalidURL, exceptions.InvalidSchema, exceptions.MissingSchema)
    return isinstance(error, (exceptions.SSLError, *addresses))


def _is_passing(error: BaseException) -> bool:
    from mlflow.exceptions import RestException
    from requests import exceptions
    from sqlalchemy.exc import InterfaceError, OperationalError

    if isinstance(error, exceptions.HTTPError):
        status = error.response.status_code if error.response is not None else 0
        return status >= 500 or status in _LATER_STATUS
    if isinstance(error, RestException):
        return error.error_code in _LATER
    if isinstance(error, OperationalError | InterfaceError):
        return not isinstance(error.orig, sqlite3.Error) or _is_locked(error.orig)
    network = (exceptions.RequestException, ConnectionError, TimeoutError)
    return _is_locked(error) or isinstance(error, network)


def _is_locked(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(_LOCKED)
