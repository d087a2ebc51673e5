"""The remotes as a resource sees them: Consul and AWS, reached as the stack's config says.

A room is imported when it is first needed: a run that changes nothing never loads boto3, a
destroy never loads Consul's client.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from lictor.settings import connections
from lictor.settings.attachments import region_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lictor.aws.target_groups import Registration
    from lictor.consul.client import Client
    from lictor.model import (
        Answer,
        AWSAccess,
        ConsulConnection,
        ConsulService,
        Target,
        TargetGroup,
        TargetHealth,
    )

_ALLOW_REMOVAL = "LICTOR_ALLOW_REMOVAL"


@dataclass(frozen=True)
class Remotes:
    """Reads and writes, with the stack's config behind them.

    Attributes:
        config: Full key -> value, decrypted; secrets come from here and go nowhere else.
        env: The environment, for whatever config leaves out.
    """

    config: Callable[[str], str | None]
    env: Mapping[str, str]

    def now(self) -> datetime:
        """Return the time of this run."""
        return datetime.now(UTC)  # noqa: TID251 - the edge where the clock is read

    def removal_allowed(self, name: str) -> bool:
        """Whether the user lets this resource's removals through this once."""
        names = self.env.get(_ALLOW_REMOVAL, "").split(",")
        return bool({name, "*"} & {text.strip() for text in names})

    def ask(self, sources: Sequence[ConsulService], *, consistent: bool = False) -> list[Answer]:
        """Read every source, or fail as a whole."""
        from lictor.consul import services  # noqa: PLC0415 - see the module's docstring

        client = _consul(connections.consul(self.config, self.env))
        return [services.read(client, source, consistent=consistent) for source in sources]

    def target_group(self, arn: str) -> TargetGroup:
        """Look up what a group is; asked once a process, for it never changes."""
        return _describe(self._access(arn), arn)

    def listing(self, arn: str) -> dict[str, TargetHealth]:
        """List what stands in a group."""
        from lictor.aws import target_groups  # noqa: PLC0415 - see the module's docstring

        return target_groups.listing(self._access(arn), arn)

    def register(self, arn: str, targets: Sequence[Target]) -> Registration:
        """Register targets, going round those that AWS refuses."""
        from lictor.aws import target_groups  # noqa: PLC0415 - see the module's docstring

        return target_groups.register(self._access(arn), arn, targets)

    def deregister(self, arn: str, targets: Sequence[Target]) -> None:
        """Deregister targets."""
        from lictor.aws import target_groups  # noqa: PLC0415 - see the module's docstring

        target_groups.deregister(self._access(arn), arn, targets)

    def _access(self, arn: str) -> AWSAccess:
        return connections.aws(self.config, region_of(arn))


@lru_cache(maxsize=16)
def _consul(connection: ConsulConnection) -> Client:
    """Keep one client, and so one connection pool, for each Consul."""
    from lictor.consul.client import Client  # noqa: PLC0415 - see the module's docstring

    return Client(connection)


@lru_cache(maxsize=4096)
def _describe(access: AWSAccess, arn: str) -> TargetGroup:
    from lictor.aws import target_groups  # noqa: PLC0415 - see the module's docstring

    return target_groups.describe(access, arn)
