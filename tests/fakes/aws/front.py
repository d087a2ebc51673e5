"""The WSGI application before moto: faults, policy, strict operations, call log."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from tests.fakes.aws import calls, inventory, policy, tagging, wire
from tests.fakes.aws.aliases import Aliases
from tests.fakes.aws.faults import Fault, Faults
from tests.fakes.aws.journal import Journal
from tests.fakes.aws.operations import Targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed.wsgi import WSGIEnvironment

    from tests.fakes.aws.settings import Settings

_THROTTLED = {"ec2": ("RequestLimitExceeded", "Request limit exceeded.", 503)}
_FAILED = {"ec2": "InternalError", "s3": "InternalError"}
_BROKEN = b'\x00{"this": is not XML'


class Severed(ConnectionError):
    """The connection is to be closed without an answer."""


class Front:
    """The stand-in's state and the path that every AWS call takes through it."""

    def __init__(self, defaults: Settings) -> None:
        """Start with no faults and no policy."""
        self.defaults = defaults
        self.targets = Targets(defaults)
        self.faults = Faults()
        self.journal = Journal()
        self.policy: policy.Policy | None = None
        self.world = threading.RLock()
        """Held while a call takes effect: moto is not thread safe."""
        self._freed = threading.Event()
        self.aliases = Aliases()
        self._moto = DomainDispatcherApplication(create_backend_app)

    def handle(self, environ: WSGIEnvironment) -> wire.Answer:
        """Answer one AWS call, or raise Severed."""
        call = calls.read(environ)
        if call.access_key == calls.SETUP_KEY:
            return self._carry_out(call, environ)
        fault = self.faults.take(call)
        if fault is None:
            answer = self._allowed(call, environ)
            self.journal.write(call, answer.status, answer.error, None)
            return answer
        return self._suffer(fault, call, environ)

    def reset(self) -> None:
        """Lift every fault, rule and setting; resources stay."""
        with self.world:
            self.faults.clear()
            self.aliases.clear()
            self.journal.clear()
            self.policy = None
            self.targets.reset(self.defaults)
        freed, self._freed = self._freed, threading.Event()
        freed.set()

    def forget(self) -> None:
        """Forget all resources."""
        with self.world:
            self.targets.forget()
            inventory.clear()

    def _suffer(self, fault: Fault, call: calls.Call, environ: WSGIEnvironment) -> wire.Answer:
        """Let the fault befall the call."""
        real = self._allowed(call, environ) if fault.takes_effect else None
        if fault.kind in {"lost", "drop"}:
            self.journal.write(call, None, None, fault.kind)
            raise Severed
        answer = _faulty(fault, call, real)
        self.journal.write(call, answer.status, answer.error, fault.kind)
        if fault.kind == "slow":
            self._freed.wait(fault.seconds)
        return answer

    def _allowed(self, call: calls.Call, environ: WSGIEnvironment) -> wire.Answer:
        """Carry the call out if the policy lets it."""
        rules = self.policy
        try:
            if rules is not None:
                with self.world:
                    rules.check(call, inventory.ACCOUNT, _tags_of)
        except wire.Refusal as refusal:
            return wire.refused(call.service, refusal)
        return self._carry_out(call, environ)

    def _carry_out(self, call: calls.Call, environ: WSGIEnvironment) -> wire.Answer:
        """Let the strict operation or moto do the call."""
        with self.world:
            strict = self.targets.handler(call)
            try:
                tagging.check(call)
                return self._ask_moto(environ) if strict is None else strict(call)
            except wire.Refusal as refusal:
                return wire.refused(call.service, refusal)

    def _ask_moto(self, environ: WSGIEnvironment) -> wire.Answer:
        """Pass the request on as it came."""
        body, status, headers = run_wsgi_app(self._moto, environ)
        content = b"".join(body)
        code = int(status.split()[0])
        return wire.Answer(code, content, tuple(headers), wire.error_code(code, content))


def _tags_of(call: calls.Call, arn: str) -> Mapping[str, str]:
    """Find the tags of the resource that a policy's condition asks about."""
    return inventory.tags(call.region, arn)


def _faulty(fault: Fault, call: calls.Call, real: wire.Answer | None) -> wire.Answer:
    """Return the answer that the fault puts in place of the real one."""
    if fault.kind == "slow":
        return real or wire.Answer(504, b"", error="GatewayTimeout")
    if fault.kind == "broken":
        return wire.Answer(200, _BROKEN)
    code, message, status = _said(fault, call)
    chosen = wire.Refusal(fault.code or code, fault.message or message, fault.status or status)
    return wire.refused(call.service, chosen)


def _said(fault: Fault, call: calls.Call) -> tuple[str, str, int]:
    """Return what the service itself says in such a case."""
    if fault.kind == "throttle":
        return _THROTTLED.get(call.service, ("Throttling", "Rate exceeded", 400))
    if fault.kind == "deny":
        refusal = policy.denial(call, inventory.ACCOUNT)
        return refusal.code, refusal.message, refusal.status
    failed: Any = _FAILED.get(call.service, "InternalFailure")
    return failed, "An internal error occurred", 500
