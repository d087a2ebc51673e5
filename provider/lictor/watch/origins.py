"""Who may ask the status server, told from a request's headers alone: pure.

A browser lends any page its place in the network. Two ways of misusing that are refused: a page
of another site that posts to us (its ``Origin`` is not ours), and one whose own name has been
made to lead to our address (DNS rebinding; its ``Host`` is none of our names).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

TOKEN = "X-Lictor"  # noqa: S105 - a header's name
"""A header that no page of another site can send, for it would need our leave first (CORS)."""


def known(host: str, names: Collection[str]) -> bool:
    """Whether a ``Host`` is ours: an address as such, ``localhost`` or one of our names.

    An address needs no DNS, so no rebinding leads there. No ``Host`` at all comes from no browser.
    """
    name = _name(host)
    return name is not None and (not name or name in {"localhost", *names} or _is_address(name))


def why_not(headers: Mapping[str, str]) -> str:
    """Say why a request that changes something is refused; empty when it is welcome."""
    origin = headers.get("Origin")
    if origin is None:
        if TOKEN in headers:
            return ""
        return f"send the header {TOKEN}: run, so that it is no other site's page that asks"
    from_us = origin.lower().partition("://")[2] == headers.get("Host", "").lower() != ""
    return "" if from_us else "a page of another site may not ask for this"


def _name(host: str) -> str | None:
    """Return the name or address in a ``Host`` header; None where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return None if parts.path or parts.username is not None else parts.hostname or ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
