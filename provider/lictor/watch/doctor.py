"""`lictor doctor`: what a stack needs, each thing tried, one line each with a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from lictor import errors
from lictor.consul import authorizing, keys, leading
from lictor.consul.client import Client
from lictor.plan.choosing import chosen
from lictor.resources import tagging
from lictor.resources.remotes import Remotes
from lictor.resources.run import Run
from lictor.settings import connections, stack
from lictor.watch import granted, looking, pauses, rights, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import Answer, ConsulConnection
    from lictor.settings.stack import LeaderTagEntry, TargetGroupEntry
    from lictor.watch.engine.engine import Engine

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing is.

    Attributes:
        what: Of what.
        text: What was found, or what is wrong and what to do.
        well: Whether it is as it should be.
    """

    what: str
    text: str
    well: bool = True

    def __str__(self) -> str:
        """Write the line."""
        return f"{'ok  ' if self.well else 'FAIL'}  {self.what}: {self.text}"


class Examination:
    """Tries one thing after the other; nothing is changed.

    Attributes:
        findings: How each was.
    """

    def __init__(self, engine: Engine, lock_prefix: str, *, leads: bool = True) -> None:
        """Begin.

        Args:
            engine: The stack's.
            lock_prefix: Where in Consul's keys lock and pauses are.
            leads: Whether its watchers have a lock.
        """
        self.findings: list[Finding] = []
        self._engine, self._lock_prefix, self._leads = engine, lock_prefix, leads

    def all(self) -> list[Finding]:
        """Try all that a run and a watch need; what others have failed for is left out."""
        self._try("pulumi", lambda: versions.pulumi(self._engine))
        self._try("python language host", lambda: versions.host(self._engine))
        self._try("python packages", versions.sdk)
        config = self._try("stack", lambda: looking.config(self._engine), "its config is readable")
        if config is None:
            return self.findings
        connection = self._try(
            "consul address", lambda: connections.consul(config.get, self._engine.env), _url
        )
        entries = self._try(
            "config", lambda: stack.target_groups(config.get(stack.TARGET_GROUPS)), _counted
        )
        tags = self._try(
            "leader tags", lambda: stack.leader_tags(config.get(stack.LEADER_TAGS)), _tags
        )
        if connection is not None:
            self._consul(Client(connection), entries or ())
            remotes = Remotes(config.get, self._engine.env, Run())
            for entry in entries or ():
                self._group(entry, remotes)
            for tag in tags or ():
                self._try(f"{tag.name}: leader", partial(_tagged, tag, remotes))
        return self.findings

    def _consul(self, client: Client, entries: tuple[TargetGroupEntry, ...]) -> None:
        prefix = pauses.prefix(self._engine, self._lock_prefix)
        sources = [source.model() for entry in entries for source in entry.sources]
        self._try("consul version", lambda: _version(client))
        self._try("consul leader", lambda: _leader(client))
        self._try("consul token", lambda: _token(client))
        self._try("consul rights to read", lambda: rights.reading(client, sources))
        needed = partial(rights.watching, client, prefix, leads=self._leads)
        self._try("consul rights to watch", needed)
        self._try("consul keys", lambda: keys.read(client, f"{prefix}/lock"), f"{prefix}/ readable")

    def _group(self, entry: TargetGroupEntry, remotes: Remotes) -> None:
        arn = str(entry.target_group_arn)
        reached = remotes.acting_as({"role_arn": entry.role_arn})
        sources = [source.model() for source in entry.sources]
        answers = self._try(f"{entry.name}: consul", partial(remotes.ask, sources), _instances)
        self._try(f"{entry.name}: aws identity", lambda: reached.whoami(arn))
        seen = self._try(f"{entry.name}: target group", lambda: _standing(reached, arn))
        if seen is not None:
            self._try(f"{entry.name}: aws rights", lambda: granted.used(entry, reached, answers))

    def _try(
        self, what: str, act: Callable[[], T], say: str | Callable[[T], str] = str
    ) -> T | None:
        try:
            value = act()
        except errors.LictorError as error:
            self.findings.append(Finding(what, str(error), well=False))
            return None
        self.findings.append(Finding(what, say if isinstance(say, str) else say(value)))
        return value


def _url(connection: ConsulConnection) -> str:
    return connection.url


def _counted(entries: tuple[TargetGroupEntry, ...]) -> str:
    if entries:
        return f"{len(entries)} target groups under {stack.TARGET_GROUPS}"
    return f"none under {stack.TARGET_GROUPS}: a program of your own says which, try lictor preview"


def _tags(entries: tuple[LeaderTagEntry, ...]) -> str:
    return f"{len(entries)} under {stack.LEADER_TAGS}"


def _tagged(entry: LeaderTagEntry, remotes: Remotes) -> str:
    found = tagging.inputs({}, {"name": entry.name, **entry.arguments()}, remotes)
    ((ident, place),) = found["leader"].items()
    carries = "does not carry" if "missing" in found else "carries"
    return f"{place} leads; its instance {ident} {carries} the tag"


def _version(client: Client) -> str:
    return authorizing.version(client) or f"{client.remote} does not tell; ask `consul version`"


def _leader(client: Client) -> str:
    leader = leading.leader(client)
    if not leader:
        raise errors.ConsulNotReady(
            f"{client.remote} knows no leader; see `consul operator raft list-peers`"
        )
    return f"{leader}, says {client.remote}"


def _token(client: Client) -> str:
    if not client.connection.token:
        return "none is set; right where Consul's ACLs are off"
    client.get("/v1/acl/token/self", [])
    return "accepted"


def _instances(answers: list[Answer]) -> str:
    wanted = sum(len(list(chosen(answer))) for answer in answers)
    return f"{wanted} of {sum(len(answer.instances) for answer in answers)} instances are wanted"


def _standing(remotes: Remotes, arn: str) -> str:
    group = remotes.target_group(arn)
    return f"{group.target_type} group, {len(remotes.listing(arn))} targets stand in it"
