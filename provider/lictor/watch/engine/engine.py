"""One `pulumi up` after the other, with the program and the provider in this process.

The CLI is the only process that is started: it attaches to our servers, and state stays what a
plain `pulumi up` makes of it.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import language_pb2_grpc, provider_pb2_grpc

from lictor.resources import pickling, tokens
from lictor.watch.engine import events, garbage, home, program, unheard
from lictor.watch.engine.child import Started
from lictor.watch.engine.others import Others
from lictor.watch.engine.outcome import Group, Groups
from lictor.watch.engine.scope import Scope
from lictor.watch.engine.servicer import Servicer
from lictor.watch.engine.standby import Gate, Standby

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lictor.model import ConsulConnection, Source
    from lictor.resources.run import Led
    from lictor.watch.engine.child import Ended
    from lictor.watch.engine.files import Declared
    from lictor.watch.engine.project import Project

_THREADS = 16
"""Resources that are served at once; each may wait for AWS."""

_ORPHANS = 60.0
"""Seconds in which calls end whose CLI has been killed: AWS's new tries are over by then."""

_WITH_PROGRAM = ("up", "preview")
"""Commands that run the program."""

_OURS = "pulumi-python:dynamic/lictor:"
ONLY_OURS = f"urn:pulumi:*::*::**{tokens.OURS}*::*"
"""What a run targets: lictor's own resources, whatever their parents and names."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        ended: The CLI.
        groups: lictor's resources, in the order in which the engine came to them.
        seconds: How long it took.
        asked: What Consul was asked, whatever it answered, by the resource of which URN.
        led: Whose leaders it was asked for, and who they were, by the resource of which URN.
        left: Names of the resources that files declare no more, and whose targets stay.
        config: The stack's config that it ran with, decrypted; empty where it did not get so far.
    """

    ended: Ended
    groups: tuple[Group, ...]
    seconds: float
    asked: Mapping[ConsulConnection, Mapping[str, tuple[Source, ...]]] = field(default_factory=dict)
    led: Mapping[str, Led] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    left: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the engine did all that was asked; resources may be held or blocked."""
        return self.ended.code == 0

    @property
    def problems(self) -> tuple[events.Diagnostic, ...]:
        """The engine's errors, each once."""
        return events.problems(self.ended.events)

    @property
    def last_words(self) -> str:
        """What the CLI said where the engine told of no error."""
        said = [line for line in self.ended.text.splitlines() if line.strip()]
        found = [line for line in said if line.startswith("error:")] or said[-2:]
        return " ".join(found) or f"pulumi ended with exit code {self.ended.code}"


class Engine:
    """Runs a stack, one run at a time.

    Attributes:
        project: Project and stack.
        env: The environment of the CLI, and of whatever config leaves out.
        declared: What is run in place of the project's own program and config; None for these.
    """

    def __init__(
        self,
        project: Project,
        env: Mapping[str, str],
        declared: Declared | None = None,
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        """Make the engine of a stack.

        Args:
            project: Project and stack.
            env: The environment of the CLI, and of whatever config leaves out.
            declared: What is run in place of the project's own program and config.
            tidy: Called after each run.
        """
        self.project, self.env = project, dict(env)
        self.declared, self._tidy = declared, tidy
        self._lock = threading.Lock()
        self._servicer = Servicer()
        main = declared.program if declared else partial(program.run, project.main)
        self._program = program.Program(main)
        self._gate, self._language = Gate(self._program), LanguageServer(self._program)
        self._standby = Standby(self._gate, project, self.env)
        self._ports: dict[str, int] = {}
        self._running: Started | None = None
        self._home: dict[str, str] = {}

    @contextmanager
    def serving(self) -> Iterator[Engine]:
        """Have the servers running."""
        provider = grpc.server(ThreadPoolExecutor(_THREADS), options=_GRPC_CHANNEL_OPTIONS)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self._servicer, provider)
        servers = {"provider": provider}
        for name, servicer in (("gate", self._gate), ("language", self._language)):
            servers[name] = grpc.server(ThreadPoolExecutor(4), options=_GRPC_CHANNEL_OPTIONS)
            language_pb2_grpc.add_LanguageRuntimeServicer_to_server(servicer, servers[name])
        with ExitStack() as ends:
            for name, server in servers.items():
                self._ports[name] = server.add_insecure_port("127.0.0.1:0")
                server.start()
                ends.callback(lambda server: server.stop(None).wait(), server)
            ends.enter_context(unheard.debug())
            ends.enter_context(garbage.seldom())
            self._home = ends.enter_context(home.unlogged(self.env, self.project.folder))
            ends.callback(self._standby.drop)
            yield self

    def run(self, verb: str, *args: str, scope: Scope | None = None) -> Outcome:
        """Run a command of the CLI against the stack.

        Args:
            verb: ``up``, ``preview``, ``refresh`` or ``destroy``.
            args: Further words for the CLI.
            scope: What the run is given; default: nothing special.

        Raises:
            errors.EngineError: The CLI cannot be started.
        """
        scope = scope or Scope(self.env)
        if self.declared is not None:
            scope.given, scope.apart = self.declared.config, True
        with self._lock, pickling.untouched():
            groups, others = Groups(), Others(self.project.main.parent, self.env)
            self._servicer.begin(scope, groups, others)
            self._program.first = scope.only or frozenset()
            began = time.monotonic()
            try:
                started = self._standby.take(self._words("gate", verb, args))
                if started is None:
                    words = self._words("language", verb, args)
                    started = Started(self.project.folder, words, {**self.env, **self._attached})
                self._running = started
                ended = started.finish()
            finally:
                self._running = None
                others.close()
                self._servicer.calls.ended(_ORPHANS)  # none, unless the CLI was killed
            seconds = time.monotonic() - began
            self._tidy()
        left = events.deleted(ended.events, _OURS) if self.declared else ()
        return Outcome(ended, groups.all(), seconds, scope.asked(), scope.led(), scope.config, left)

    def interrupt(self) -> None:
        """Have a run stop in order: what is under way ends, and is saved. For signal handlers."""
        running = self._running
        if running is not None:
            running.interrupt()

    def prepare(self, verb: str, *args: str) -> None:
        """Have a command ready that :meth:`run` will be asked for next, so that it begins at once.

        Raises:
            errors.EngineError: The CLI cannot be started.
        """
        if self.project.elsewhere:
            return
        with self._lock:
            self._standby.prepare(self._words("gate", verb, args), self._attached)

    def command(self, *words: str, stack: bool = True) -> Ended:
        """Run a command of the CLI that needs neither program nor provider.

        Args:
            words: What follows `pulumi`.
            stack: Whether it is about our stack.

        Raises:
            errors.EngineError: The CLI cannot be started.
        """
        words = (*words, "--stack", self.project.stack) if stack else words
        return Started(self.project.folder, words, self.env).finish()

    @property
    def _attached(self) -> dict[str, str]:
        provider = f"pulumi-python:{self._ports['provider']}"
        return {**self._home, "PULUMI_DEBUG_PROVIDERS": provider}

    def _words(self, host: str, verb: str, args: Sequence[str]) -> list[str]:
        words = [verb, *args, "--stack", self.project.stack, "--color", "never"]
        if verb != "preview":
            words += ["--yes", "--skip-preview"]
        if verb in _WITH_PROGRAM and not self.project.elsewhere:
            words += ["--client", f"127.0.0.1:{self._ports[host]}", "--exec-kind", "auto.inline"]
        return words
