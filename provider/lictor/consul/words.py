"""What Consul, or the way to it, does not do for us, in words: what, who, what to do."""

from __future__ import annotations

from http import HTTPStatus

import requests
import urllib3.exceptions

from lictor import errors

RIGHTS = "service:read and node:read"
"""What a token needs to read a service's instances."""

# What Consul says -> what to do about it; the first that is found in its words counts.
_REMEDIES = (
    ("No path to datacenter", "check datacenters; `consul catalog datacenters` lists those known"),
    ("Remote DC has no server", "its servers cannot be reached; see `consul members -wan`"),
    ("boolean expression", "check filter; its language is at developer.hashicorp.com/consul"),
    ("Enterprise feature", "this Consul is not Enterprise: leave the setting out"),
    ("No known Consul servers", "the agent knows no server; see `consul members`"),
    ("", "see its log, or `consul operator raft list-peers` for the leader"),
)


def refusal(  # noqa: PLR0913 - what was asked, by whom, and what came
    remote: str,
    code: int,
    said: str,
    *,
    known: bool,
    rights: str = RIGHTS,
    setting: str = "consul:token",
) -> errors.ConsulError:
    """Say what a status other than 200 means.

    Args:
        remote: Who answered.
        code: The status.
        said: The body, cut.
        known: Whether a token was sent.
        rights: What a token needs for what was asked.
        setting: How the user's config calls the token.
    """
    what = f"{code}: {said}" if said else str(code)
    if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        who = "the token" if known else "the anonymous token"
        return errors.ConsulDenied(
            f"{remote} refuses {who} ({what}); set {setting} to a token with {rights}"
        )
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        return errors.ConsulNotReady(
            f"{remote} limits its requests and has no room for ours ({what});"
            " try again in a moment, or raise its limits"
        )
    remedy = next(remedy for text, remedy in _REMEDIES if text in said)
    return errors.ConsulNotReady(f"{remote} answered {what}; {remedy}")


def unreachable(remote: str, error: Exception) -> errors.ConsulUnreachable:
    """Put a failure of the network into words, with the setting to look at."""
    chain = list(_chain(error))
    root = errors.remote_text(_text(chain[-1]))
    if _is(chain, requests.TooManyRedirects):
        said = "redirects, and a redirect is not followed: it would carry the token to others"
        return errors.ConsulUnreachable(f"{remote} {said}; check consul:address and consul:scheme")
    if _is(chain, requests.exceptions.SSLError, urllib3.exceptions.SSLError):
        return errors.ConsulUnreachable(
            f"{remote} cannot be trusted, or does not trust us: {root}; check consul:scheme,"
            " consul:caFile, consul:certFile and consul:keyFile"
        )
    if _is(chain, requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return errors.ConsulUnreachable(
            f"{remote} did not answer in time; check consul:address and the agent"
        )
    if type(error) is OSError:  # requests' own, about a file of certificates
        return errors.ConsulUnreachable(
            f"{remote} cannot be asked: {root};"
            " check consul:caFile, consul:certFile and consul:keyFile"
        )
    return errors.ConsulUnreachable(f"{remote} {_of_the_way(chain, root)}")


def _of_the_way(chain: list[BaseException], root: str) -> str:
    """Say what is wrong with the way to Consul; of a proxy's address nothing, for its password."""
    if _is(chain, urllib3.exceptions.LocationParseError, requests.exceptions.InvalidURL):
        return (
            "cannot be asked: its address, or that of the proxy, cannot be read;"
            " check consul:address, HTTP_PROXY and HTTPS_PROXY"
        )
    if _is(chain, requests.exceptions.ProxyError):
        return (
            f"cannot be reached through the proxy: {root};"
            " check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
        )
    return f"cannot be reached: {root}; check consul:address or CONSUL_HTTP_ADDR"


def passes(error: errors.ConsulUnreachable) -> bool:
    """Whether it may be over in a moment: refused or broken off, as by an agent that restarts."""
    lasting = (requests.exceptions.SSLError, requests.exceptions.ProxyError, requests.Timeout)
    cause = error.__cause__
    broken = isinstance(cause, (requests.ConnectionError, urllib3.exceptions.ProtocolError))
    return broken and not isinstance(cause, lasting)


def _is(chain: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(error, kinds) for error in chain)


def _chain(error: BaseException) -> list[BaseException]:
    """List an error and its reasons, outermost first: requests and urllib3 wrap several times."""
    chain: list[BaseException] = []
    inner: BaseException | None = error
    while inner is not None and inner not in chain:
        chain.append(inner)
        reason = getattr(inner, "reason", None)
        arguments = [arg for arg in (reason, *inner.args) if isinstance(arg, BaseException)]
        inner = arguments[0] if arguments else inner.__context__
    return chain


def _text(error: BaseException) -> str:
    """Say a reason; the system's own texts begin small within a sentence."""
    text = getattr(error, "strerror", None)
    if isinstance(text, str) and isinstance(error, OSError) and not text.startswith("["):
        return text[:1].lower() + text[1:]
    return str(error) or type(error).__name__
