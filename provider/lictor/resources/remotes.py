"""The remotes as a resource sees them: Consul and AWS, reached as the stack's config says.

A room is imported when it is first needed: a run that changes nothing never loads boto3, a
destroy never loads Consul's client.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.model import TargetType
from lictor.resources.run import Led
from lictor.settings import connections
from lictor.settings.attachments import region_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from lictor.aws.instances import Found
    from lictor.aws.quotas import HeadRoom
    from lictor.aws.target_groups import Registration
    from lictor.aws.waiting import Waited
    from lictor.consul.client import Client
    from lictor.model import (
        Answer,
        AWSAccess,
        ConsulConnection,
        Entry,
        Operation,
        Raft,
        Source,
        Target,
        TargetGroup,
        TargetHealth,
    )
    from lictor.resources.run import Run

_ALLOW_REMOVAL = "LICTOR_ALLOW_REMOVAL"
_LONGEST_DRAIN = 3600.0
_NO_ADDRESS = (socket.EAI_NONAME, socket.EAI_NODATA)


@dataclass(frozen=True)
class Remotes:
    """Reads and writes, with the stack's config behind them.

    Attributes:
        config: Full key -> value, decrypted; secrets come from here and go nowhere else.
        env: The environment, for whatever config leaves out.
        run: The run of the engine that this is part of.
        asker: URN of the resource; empty where nobody needs to know who asks.
        role_arn: Role to assume beyond the stack's own; empty for none.
        patient: Whether health and draining are waited for here; else they hold, and whoever
            runs this runs it again.
        settles: An answer that shrinks counts when two `consistent` reads so many seconds apart
            agree; 0 where one is enough, because the one before has been seen.
        heard: Whether whoever asked for a change waits for it still.
    """

    config: Callable[[str], str | None]
    env: Mapping[str, str]
    run: Run
    asker: str = ""
    role_arn: str = ""
    patient: bool = True
    settles: float = 0.0
    heard: Callable[[], bool] = lambda: True

    def acting_as(self, properties: Mapping[str, Any]) -> Remotes:
        """Return the remotes of a resource that names a role of its own among its arguments."""
        return replace(self, role_arn=str(properties.get("role_arn") or ""))

    def go_on(self) -> None:
        """Change nothing for an engine that has ended: the next one may be at it by now.

        Raises:
            errors.EngineError: It has.
        """
        if not self.heard():
            raise errors.EngineError("the engine has ended meanwhile; the next run goes on")

    def now(self) -> datetime:
        """Return the time of this run."""
        return datetime.now(UTC)  # noqa: TID251 - the edge where the clock is read

    def removal_allowed(self, name: str) -> bool:
        """Whether the user lets this resource's removals through this once."""
        names = self.env.get(_ALLOW_REMOVAL, "").split(",")
        return bool({name, "*"} & {text.strip() for text in names})

    def ask(self, sources: Sequence[Source], *, consistent: bool = False) -> list[Answer]:
        """Read every source, or fail as a whole."""
        from lictor.consul import services  # noqa: PLC0415 - see the module's docstring

        connection = connections.consul(self.config, self.env)
        self.run.note_asked(connection, self.asker, sources)
        client = consul(connection)
        return [services.read(client, source, consistent=consistent) for source in sources]

    def raft(self, datacenter: str) -> Raft:
        """Read who leads a datacenter; empty for the connection's, or the agent's own."""
        from lictor.consul import raft  # noqa: PLC0415 - see the module's docstring

        connection = connections.consul(self.config, self.env)
        self.run.note_led(self.asker, Led(connection, datacenter))
        found = raft.read(consul(connection), datacenter)
        self.run.note_led(self.asker, Led(connection, datacenter, found.spoken))
        return found

    def catalogued(self, node: str, datacenter: str) -> Entry | None:
        """Read a node of the catalog with all that stands on it; None where there is none."""
        from lictor.consul import catalog  # noqa: PLC0415 - see the module's docstring

        client = consul(connections.consul(self.config, self.env))
        return catalog.read(client, node, datacenter)

    def catalogue(
        self, entry: Entry, operations: tuple[Operation, ...], datacenter: str
    ) -> tuple[int, ...]:
        """Change a node of the catalog; return the indexes of what was set."""
        from lictor.consul import catalog  # noqa: PLC0415 - see the module's docstring

        if not operations:
            return ()
        self.go_on()
        client = consul(connections.consul(self.config, self.env))
        return catalog.write(client, entry, operations, datacenter)

    def access(self, region: str) -> AWSAccess:
        """Tell how AWS is reached in a region; empty for the stack's."""
        where = region or connections.region(self.config, self.env)
        return connections.aws(self.config, where, self.role_arn)

    def settle(self) -> None:
        """Let the time pass that lies between two reads that have to agree."""
        time.sleep(self.settles)

    def target_group(self, arn: str) -> TargetGroup:
        """Look up what a group is; asked once a process, for it never changes."""
        return _describe(self._access(arn), arn)

    def instances(
        self,
        arn: str,
        addresses: Sequence[str],
        standing: Collection[str],
        datacenters: Sequence[str],
        *,
        afresh: bool = False,
    ) -> Found:
        """Look up private addresses in EC2; what this run has asked before is remembered.

        Other groups' turn comes later in the run: the addresses of the datacenters' nodes are
        taken along where a call has room for them.

        Args:
            arn: The group for which they are looked up.
            addresses: What to look up.
            standing: Ids of the instances that stand in the group.
            datacenters: Where in Consul those addresses are from.
            afresh: Ask again.
        """
        from lictor.aws.instances import Group  # noqa: PLC0415 - see the module's docstring

        group = Group(lambda: self.target_group(arn).vpc_id, standing)
        known = self.run.instances(self._access(arn))
        return known.by_address(addresses, group, lambda: self._nodes(datacenters), afresh=afresh)

    def _nodes(self, datacenters: Sequence[str]) -> list[str]:
        """List the addresses of Consul's nodes, as far as it tells."""
        client = consul(connections.consul(self.config, self.env))
        return [text for where in datacenters for text in self.run.nodes(client, where)]

    def whoami(self, arn: str) -> str:
        """Tell as whom AWS is asked about a group."""
        from lictor.aws import session  # noqa: PLC0415 - see the module's docstring

        return session.whoami(self._access(arn))

    def vpc(self, arn: str) -> tuple[str, ...]:
        """Look up the address ranges of a group's VPC."""
        from lictor.aws import networks  # noqa: PLC0415 - see the module's docstring

        return networks.cidrs(self._access(arn), self.target_group(arn).vpc_id)

    def head_room(self, arn: str) -> HeadRoom:
        """Forecast how many targets more fit in."""
        from lictor.aws import quotas  # noqa: PLC0415 - see the module's docstring

        return quotas.head_room(self._access(arn), arn)

    def zones(self, arn: str, ids: Collection[str]) -> Mapping[str, str]:
        """Tell the zones of a group's targets, as far as EC2 does: id -> zone."""
        from lictor.aws import instances, networks  # noqa: PLC0415 - see the module's docstring

        access, group = self._access(arn), self.target_group(arn)
        if group.target_type is TargetType.INSTANCE:
            return instances.zones(access, ids)
        return networks.zones(access, group.vpc_id, ids)

    def until_healthy(
        self, arn: str, keys: Collection[str], seconds: float, say: Callable[[str], None]
    ) -> None:
        """Wait until targets are healthy, for so long; running out of time is no error."""
        if not self.patient:
            return
        from lictor.aws import waiting  # noqa: PLC0415 - see the module's docstring

        wait = waiting.Wait(seconds, lambda waited: say(_progress("healthy", waited)))
        waiting.until_healthy(self._access(arn), arn, keys, wait)

    def until_drained(self, arn: str, keys: Collection[str], say: Callable[[str], None]) -> None:
        """Wait until targets have drained; AWS's own limit is an hour."""
        if not self.patient:
            return
        from lictor.aws import waiting  # noqa: PLC0415 - see the module's docstring

        wait = waiting.Wait(_LONGEST_DRAIN, lambda waited: say(_progress("drained", waited)))
        waiting.until_drained(self._access(arn), arn, keys, wait)

    def resolve(self, names: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Ask DNS for host names: name -> addresses, sorted; names without any are left out."""
        return {name: found for name in names if (found := _addresses(name))}

    def listing(self, arn: str) -> dict[str, TargetHealth]:
        """List what stands in a group."""
        from lictor.aws import target_groups  # noqa: PLC0415 - see the module's docstring

        return target_groups.listing(self._access(arn), arn)

    def register(self, arn: str, targets: Sequence[Target]) -> Registration:
        """Register targets, going round those that AWS refuses."""
        from lictor.aws import target_groups  # noqa: PLC0415 - see the module's docstring

        self.go_on()
        return target_groups.register(self._access(arn), arn, targets)

    def deregister(self, arn: str, targets: Sequence[Target]) -> None:
        """Deregister targets."""
        from lictor.aws import target_groups  # noqa: PLC0415 - see the module's docstring

        self.go_on()
        target_groups.deregister(self._access(arn), arn, targets)

    def _access(self, arn: str) -> AWSAccess:
        return connections.aws(self.config, region_of(arn), self.role_arn)


@lru_cache(maxsize=16)
def consul(connection: ConsulConnection) -> Client:
    """Keep one client, and so one connection pool, for each Consul."""
    from lictor.consul.client import Client  # noqa: PLC0415 - see the module's docstring

    return Client(connection)


@lru_cache(maxsize=4096)
def _describe(access: AWSAccess, arn: str) -> TargetGroup:
    from lictor.aws import target_groups  # noqa: PLC0415 - see the module's docstring

    return target_groups.describe(access, arn)


def _addresses(name: str) -> tuple[str, ...]:
    """Resolve one host name; a name without addresses has none, a resolver in trouble an error."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        return ()
    except socket.gaierror as error:
        if error.errno in _NO_ADDRESS:
            return ()
        raise errors.HostNotResolved(
            f"host name {name} cannot be resolved now: {error.strerror}; check DNS"
        ) from error
    return tuple(sorted({str(item[4][0]) for item in found}))


def _progress(what: str, waited: Waited) -> str:
    """Word how far a wait is."""
    if not waited.left:
        return f"{len(waited.reached)} targets are {what} after {waited.seconds:.0f} s"
    key, state = next(iter(waited.left.items()))
    return (
        f"waiting for {len(waited.left)} targets to be {what}"
        f" ({key} is {state}; {waited.seconds:.0f} s)"
    )
