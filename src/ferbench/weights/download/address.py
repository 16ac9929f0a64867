"""Which addresses are fetched from: https, and http on this machine itself."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_allowed(url: str, *, after: str = "") -> bool:
    """Whether a file may be fetched from here.

    ``after`` is the address that redirected to this one.

    >>> is_allowed("https://example.org/net.pth"), is_allowed("http://example.org/net.pth")
    (True, False)
    >>> is_allowed("http://127.0.0.1:8000/net.pth")
    True
    >>> is_allowed("http://localhost/net.pth", after="https://example.org")
    False
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # e.g. half an IPv6 address
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and _is_loopback(host) and not after.startswith("https:")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
