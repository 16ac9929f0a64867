"""What a server's answer says of the file, and whether another attempt is worth it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from ferbench.errors import WeightsError
from ferbench.sentences import Text
from ferbench.weights.download import by_hand
from ferbench.weights.download.address import is_allowed
from ferbench.weights.download.http_part import CHUNK_BYTES

_PASSING: Final = (408, 425, 429, 500, 502, 503, 504)  # worth another attempt
_GONE: Final = (404, 410)


class CutShortError(Exception):
    """The attempt ended early; another one may bring the rest."""


def refuse_status(response: requests.Response, url: str) -> None:
    """Raise for an answer that brings no file.

    Raises:
        CutShortError: another attempt may bring it.
        WeightsError: none will.
    """
    status = f"{response.status_code} {response.reason}"
    if response.status_code in _PASSING:
        raise CutShortError(f"the server answers {status}")
    if response.status_code in _GONE:
        raise WeightsError(
            Text(
                f"{url} is not there (the server answers {status}): the publisher moved or removed "
                "the file. ",
                by_hand("Get it from elsewhere"),
            )
        )
    if response.status_code not in (200, 206):
        raise WeightsError(
            Text(
                f"{url} is refused (the server answers {status}). ",
                by_hand("If it opens in a browser, download it there"),
            )
        )


def refuse_page(response: requests.Response, url: str) -> None:
    """Raise WeightsError where the answer is a web page."""
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise WeightsError(
            Text(
                f"{url} answers with a web page instead of the file (a login, a quota or an "
                "error). ",
                by_hand("Open it in a browser, download the file there"),
            )
        )


def refuse_insecure_redirect(response: requests.Response, *_: Any, **__: Any) -> None:
    """Raise WeightsError where the answer leads to an address that is not allowed (a hook)."""
    if not response.is_redirect:
        return
    address = urljoin(response.url, response.headers["Location"])
    if not is_allowed(address, after=response.url):
        raise WeightsError(f"{response.url} redirects to {address}, which is not https: refused.")


def connection_error(error: requests.RequestException, url: str) -> Exception:
    """What a request that got no answer means: a CutShortError or a WeightsError."""
    host = urlsplit(url).hostname
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.exceptions.ProxyError):
        return WeightsError(
            f"the proxy gives no connection to {host}: {reason or error}. "
            "Check HTTPS_PROXY, NO_PROXY."
        )
    if isinstance(error, requests.exceptions.SSLError):
        return WeightsError(
            f"no secure connection to {host}: {reason or error}. Where a firewall re-signs "
            "connections, name its certificates in REQUESTS_CA_BUNDLE."
        )
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return WeightsError(
            f"{host} cannot be found ({reason}): no network, or a mistyped address."
        )
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        return CutShortError(f"no connection to {host} ({reason or error})")
    return WeightsError(f"{url} cannot be fetched: {error}")


def validator_of(response: requests.Response) -> str:
    """What tells one version of the file from another; "" = nothing."""
    etag = response.headers.get("ETag", "W/")
    if etag.startswith("W/"):  # a weak one promises too little
        return response.headers.get("Last-Modified", "")
    return etag


def length_of(response: requests.Response) -> int | None:
    """The announced length of the file's own bytes."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def body_of(response: requests.Response, url: str) -> Iterator[bytes]:
    """The bytes that an answer brings.

    Raises:
        CutShortError: they ended early.
        WeightsError: they cannot be decoded.
    """
    try:
        yield from response.iter_content(CHUNK_BYTES)
    except requests.exceptions.ContentDecodingError as error:
        raise WeightsError(f"{url} is sent in a broken encoding: {error}") from error
    except requests.RequestException as error:
        raise CutShortError("the connection was dropped or fell silent") from error
