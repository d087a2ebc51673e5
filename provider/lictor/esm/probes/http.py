"""HTTP: a request on a connection of its own, redirects followed, the status counts.

Written by hand because a client library costs several times what the exchange itself does (see
`dialing`), and because a monitor wants what libraries hide: the texts of failures, the end of a
body that never ends, and answers that are none.
"""

from __future__ import annotations

import base64
import string
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from lictor.esm import verdict
from lictor.esm.definition import check_url
from lictor.esm.probes import names
from lictor.esm.probes.answer import Answer
from lictor.esm.probes.failing import ProbeFailed

if TYPE_CHECKING:
    from lictor.esm.kinds import HTTP
    from lictor.esm.probes.dialing import Dialer, Line

REDIRECTS = 10
_PATH = "/%:@!$&'()*+,;=~[]"
_FOUND = (301, 302, 303)
_AGAIN = (307, 308)
_PORTS = {"http": 80, "https": 443}
_SECRET = frozenset(("authorization", "cookie", "www-authenticate", "cookie2"))


class Request:
    """What is sent to one URL, made once and sent at every run."""

    __slots__ = ("body", "data", "host", "method", "port", "proxy", "scheme", "url")

    def __init__(self, spec: HTTP, url: str, method: str, *, body: bool, secret: bool) -> None:
        """Make it ready; `secret` is whether headers with credentials go with it."""
        parts = urlsplit(url)
        self.url, self.method, self.scheme = url, method, parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port or _PORTS[parts.scheme]
        self.body = spec.body if body else b""
        self.proxy = _proxy(parts.scheme, self.host)
        target = _escaped(parts.path or "/", _PATH)
        target += f"?{_escaped(parts.query, string.punctuation)}" if parts.query else ""
        if self.proxy and parts.scheme == "http":
            target = f"http://{parts.netloc.rpartition('@')[2]}{target}"
        given = {name.lower() for name, _ in spec.headers}
        own = next((value for name, value in spec.headers if name.lower() == "host"), "")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {own or parts.netloc.rpartition('@')[2]}"]
        if "user-agent" not in given:
            lines.append("User-Agent: Consul Health Check")
        lines += [
            f"{name}: {value}"
            for name, value in spec.headers
            if name.lower() != "host" and (secret or name.lower() not in _SECRET)
        ]
        if "accept" not in given:
            lines.append("Accept: text/plain, text/*, */*")
        if parts.username is not None and "authorization" not in given:
            lines.append(f"Authorization: Basic {_login(parts.username, parts.password)}")
        if self.proxy and parts.scheme == "http" and self.proxy[2]:
            lines.append(f"Proxy-Authorization: Basic {self.proxy[2]}")
        if (self.body or method in ("POST", "PUT", "PATCH")) and "content-length" not in given:
            lines.append(f"Content-Length: {len(self.body)}")
        lines.append("Connection: close")
        head = "\r\n".join(lines) + "\r\n\r\n"
        self.data = head.encode("utf-8", "surrogatepass") + self.body


class Probe:
    """Runs one definition again and again.

    Args:
        spec: What to ask.
        dialer: Connects.
    """

    __slots__ = ("_dialer", "_first", "_phase", "_spec")

    def __init__(self, spec: HTTP, dialer: Dialer) -> None:
        self._spec = spec
        self._dialer = dialer
        self._first = Request(spec, spec.url, spec.method, body=True, secret=True)
        self._phase = ""

    async def run(self) -> verdict.Result:
        """Ask once, and follow where it leads.

        Raises:
            ProbeFailed: There is no answer, with the reason.
        """
        request = self._first
        try:
            answer = await self._asked(request)
            for _ in range(REDIRECTS):
                following = self._redirected(request, answer)
                if following is None:
                    return self._result(answer)
                request = following
                answer = await self._asked(request)
            if self._redirected(request, answer) is None:
                return self._result(answer)
            raise ProbeFailed(f"stopped after {REDIRECTS} redirects")  # noqa: TRY301 - to be named
        except ProbeFailed as error:
            raise ProbeFailed(f"{self._named(request)}: {error}") from None

    def late(self, timeout: float) -> str:
        """Say that the time was over, and in the middle of what."""
        what = self._phase or "while awaiting headers"
        return (
            f"{self._named(self._first)}: context deadline exceeded"
            f" (Client.Timeout exceeded {what}): no whole answer within {timeout:g}s"
        )

    def _named(self, request: Request) -> str:
        method = self._first.method
        return f'{method[:1]}{method[1:].lower()} "{request.url}"'

    def _result(self, answer: Answer) -> verdict.Result:
        spec = self._spec
        text = f"HTTP {spec.method} {spec.url}: {answer.reason} Output: {answer.output}"
        return verdict.Result(verdict.of_http(answer.status), text)

    async def _asked(self, request: Request) -> Answer:
        self._phase = ""
        line = await self._connected(request)
        try:
            await line.send(request.data)
            answer = Answer(self._spec.kept, bodiless=request.method == "HEAD")
            while not answer.whole:
                data = await line.receive()
                if not data:
                    answer.end()
                    break
                answer.feed(data)
                if answer.status and not answer.whole:
                    self._phase = "while reading body"
            return answer
        finally:
            line.close()

    async def _connected(self, request: Request) -> Line:
        dialer, proxy = self._dialer, request.proxy
        tls = self._spec.tls if request.scheme == "https" else None
        if proxy is None:
            return await dialer.dial(request.host, request.port, tls)
        if tls is None:
            return await dialer.dial(proxy[0], proxy[1])
        return await dialer.tunnel(proxy, request.host, request.port, tls)

    def _redirected(self, request: Request, answer: Answer) -> Request | None:
        """Make the request that an answer asks for; None where it is the last word."""
        status = answer.status
        if not self._spec.follow or status not in _FOUND + _AGAIN:
            return None
        place = answer.headers.get(b"location", b"").decode("latin-1")
        if not place:
            if status in _AGAIN:
                return None
            raise ProbeFailed(f"{status} response missing Location header")
        method, body = request.method, bool(request.body)
        if status in _FOUND:
            method, body = ("HEAD" if method == "HEAD" else "GET"), False
        try:
            url = urljoin(request.url, place)
            check_url(url)
            same = urlsplit(url).hostname == self._first.host
            return Request(self._spec, url, method, body=body, secret=same)
        except ValueError as error:
            raise ProbeFailed(f"redirected to what cannot be asked: {error}") from None


def _escaped(text: str, safe: str) -> str:
    """Write a part of a URL as it is sent; what is escaped already stays."""
    return quote(text, safe, errors="surrogatepass")


def _login(user: str, password: str | None) -> str:
    return base64.b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()


def _proxy(scheme: str, host: str) -> tuple[str, int, str] | None:
    """Find the proxy that the environment names; this machine is never asked through one."""
    known = names.literal(host)
    near = host == "localhost" or (known and known[0][1].startswith(("127.", "::1")))
    url = "" if near else getproxies_environment().get(scheme, "")
    if not url or proxy_bypass(host):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or 80
    except ValueError as error:
        name = f"{scheme.upper()}_PROXY"
        raise ValueError(f"the proxy that {name} names cannot be used: {error}") from None
    if not parts.hostname:
        return None
    login = _login(parts.username, parts.password) if parts.username else ""
    return parts.hostname, port, login
