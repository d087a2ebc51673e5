"""What can go wrong, one class for each thing that a caller treats differently.

::

    LictorError
    ├── SettingsError            a key, a type or a combination that cannot be
    ├── ConsulError              the answer cannot be trusted: nothing may change
    │   ├── ConsulUnreachable    no answer: refused, timed out, TLS, broken off
    │   ├── ConsulDenied         the token lacks a right, or results were filtered by ACLs
    │   ├── ConsulNotReady       no leader, throttled, 5xx, stale or broken answers
    │   └── CatalogConflict      somebody else has what is to be written
    ├── LeaderNotFound           no EC2 instance can be told for Consul's leader
    ├── HostNotResolved          DNS does not answer for a host name
    ├── ListenFailed             the status server cannot listen where it was told to
    ├── AWSError                 a call that failed as a whole
    │   ├── CredentialsMissing   no credentials anywhere
    │   ├── AccessDenied         the identity lacks a right
    │   ├── TargetGroupNotFound  the ARN names nothing
    │   ├── TargetsRejected      AWS names targets of the call that it will not take
    │   └── QuotaExceeded        too many targets in the group or load balancer
    ├── WrongTargetGroup         a group of a kind that cannot be attached to
    ├── RemovalRefused           a guard set to ``fail``
    ├── EngineError              the Pulumi CLI cannot be started, or says no
    └── ClaimConflict            two resources of one program want the same targets

A text is one or two lines: what, which remote, what to do. Text from a remote is cut to
:data:`REMOTE_TEXT_LIMIT` characters by :func:`remote_text`, so that no long body (and nothing
secret in it) reaches a log.
"""

from __future__ import annotations

REMOTE_TEXT_LIMIT = 256


def remote_text(text: str) -> str:
    """Text of a remote made fit for an error: one line, cut to a limit, no control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) <= REMOTE_TEXT_LIMIT:
        return line
    return line[: REMOTE_TEXT_LIMIT - 3] + "..."


class LictorError(Exception):
    """Anything that lictor can say in one or two lines."""


class SettingsError(LictorError):
    """A setting that cannot be: path of the key, what was found, what is allowed."""


class ConsulError(LictorError):
    """A read of Consul that is not sure: whatever asked for it changes nothing."""


class ConsulUnreachable(ConsulError):
    """No answer from Consul: refused, timed out, TLS failure, broken connection."""


class ConsulDenied(ConsulError):
    """The ACL token lacks a right, or the answer was filtered by ACLs."""


class ConsulNotReady(ConsulError):
    """Consul answered, but not with something to act on: no leader, 429, 5xx, stale, broken."""


class LeaderNotFound(LictorError):
    """Consul has a leader, and no EC2 instance, or more than one, can be told for it."""


class CatalogConflict(ConsulError):
    """What is to be written to the catalog is somebody else's, or was changed meanwhile."""


class HostNotResolved(LictorError):
    """DNS does not answer for a host name that stands in place of an address."""


class ListenFailed(LictorError):
    """The status server cannot listen where it was told to: in use, or no address of ours."""


class AWSError(LictorError):
    """A call to AWS that failed as a whole."""


class CredentialsMissing(AWSError):
    """No AWS credentials in config, environment, profile or instance metadata."""


class AccessDenied(AWSError):
    """The AWS identity lacks a right."""


class TargetGroupNotFound(AWSError):
    """The ARN names no target group."""


class TargetsRejected(AWSError):
    """AWS refuses targets named in the call; the others may be fine."""


class QuotaExceeded(AWSError):
    """The target group, or its load balancer, can hold no more targets."""


class WrongTargetGroup(LictorError):
    """A target group that lictor cannot attach to: lambda, alb, or of another type than stated."""


class RemovalRefused(LictorError):
    """A removal that a guard set to ``fail`` does not let pass."""


class EngineError(LictorError):
    """The Pulumi CLI cannot be started, or refuses what is asked of it."""


class ClaimConflict(LictorError):
    """Two resources of one program that would fight over the same targets."""
