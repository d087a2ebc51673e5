"""How a probe fails, and in what words: those of Go's network library, as dashboards know them."""

from __future__ import annotations

import errno
import ssl

_OURS = {
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOBUFS,
    errno.ENOMEM,
    errno.EADDRNOTAVAIL,
    errno.EAGAIN,
}
_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by peer",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network is unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.EPIPE: "broken pipe",
}
_CERTIFICATE = "tls: failed to verify certificate: "


class ProbeFailed(Exception):
    """What was probed does not do what it shall; the text is the check's output."""


class Unable(Exception):
    """We cannot probe for want of something of our own: nothing is known of what was probed."""


def of(error: OSError, doing: str, where: object) -> ProbeFailed | Unable:
    """Put an error of the system into words.

    Args:
        error: What it said.
        doing: System call, as Go names it: ``connect``, ``read``, ``write``.
        where: Address it was about.
    """
    if error.errno in _OURS:
        return in_words(error, "")
    if isinstance(error, ssl.SSLCertVerificationError):
        return ProbeFailed(_CERTIFICATE + (error.verify_message or str(error)))
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or str(error)).lower().replace("_", " ")
        return ProbeFailed(f"tls: handshake failure: {reason}")
    if isinstance(error, (ssl.CertificateError, ConnectionAbortedError)):
        return ProbeFailed(f"tls: {error}")
    why = _WORDS.get(error.errno or 0) or (error.strerror or str(error) or "failed").lower()
    if doing == "connect":
        return ProbeFailed(f"dial tcp {where}: connect: {why}")
    return ProbeFailed(f"{doing} tcp {where}: {doing}: {why}")


def in_words(error: OSError, text: str) -> ProbeFailed | Unable:
    """Take an error with a text for it; where it is about a limit of ours, the text does not hold.

    Args:
        error: What the system said.
        text: What it says of what was probed.
    """
    if error.errno in _OURS:
        return Unable(f"{error.strerror}; raise the limit of open files or ports of this monitor")
    return ProbeFailed(text)
