"""Waits until targets are healthy, or until they have drained."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor import errors
from lictor.aws.listing import listing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lictor.model import AWSAccess, TargetHealth

_SOONEST = 2.0
_LATEST = 15.0
_SLOWER = 1.5
_LASTING = (errors.TargetGroupNotFound, errors.AccessDenied, errors.CredentialsMissing)


@dataclass(frozen=True, slots=True)
class Waited:
    """How far the targets are.

    Attributes:
        reached: Keys of those that are where they shall be.
        left: Key of each other -> the load balancer's view, such as ``initial
            (Elb.InitialHealthChecking)``.
        seconds: How long it has taken so far.
    """

    reached: frozenset[str]
    left: Mapping[str, str]
    seconds: float


def _say_nothing(_waited: Waited) -> None:
    """Take no notice of progress."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How to wait.

    Attributes:
        timeout: Limit in seconds; 0 looks once.
        progress: Told after each look that brought something new.
        now: Seconds that only grow.
        sleep: Waits that many seconds.
    """

    timeout: float
    progress: Callable[[Waited], None] = _say_nothing
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def until_healthy(access: AWSAccess, arn: str, keys: Collection[str], wait: Wait) -> Waited:
    """Wait until targets receive requests; running out of time is no error.

    It ends early where health checks can make none of the rest healthy: nobody checks targets of
    a group without a load balancer, or draining ones.

    Args:
        access: How to reach AWS.
        arn: The group.
        keys: The targets, ``id:port``.
        wait: How long, and whom to tell.

    Raises:
        errors.AWSError: The group is gone, or the identity may not list it; any other failure
            only when time has run out.
    """

    def look(listed: Mapping[str, TargetHealth]) -> tuple[set[str], dict[str, str], bool]:
        left = {key: _view(listed.get(key)) for key in keys if not _is_healthy(listed.get(key))}
        hope = any(key not in listed or listed[key].awaited for key in left)
        return set(keys) - set(left), left, hope

    return _until(look, access, arn, wait)


def until_drained(access: AWSAccess, arn: str, keys: Collection[str], wait: Wait) -> Waited:
    """Wait until deregistered targets have drained; arguments and errors as `until_healthy`.

    A target that is listed no more has drained, a terminated instance too. A group that is gone
    has nothing left to drain.
    """

    def look(listed: Mapping[str, TargetHealth]) -> tuple[set[str], dict[str, str], bool]:
        left = {key: _view(listed[key]) for key in keys if key in listed}
        return set(keys) - set(left), left, any(listed[key].draining for key in left)

    try:
        return _until(look, access, arn, wait)
    except errors.TargetGroupNotFound:
        return Waited(frozenset(keys), {}, 0.0)


_Look = Callable[["Mapping[str, TargetHealth]"], tuple[set[str], dict[str, str], bool]]
"""Reads a listing: the keys that have got there, the others' states, whether more may."""


def _is_healthy(health: TargetHealth | None) -> bool:
    return health is not None and health.healthy


def _view(health: TargetHealth | None) -> str:
    if health is None:
        return "not listed"
    return f"{health.state} ({health.reason})" if health.reason else str(health.state)


def _until(look: _Look, access: AWSAccess, arn: str, wait: Wait) -> Waited:
    """Look, each time after a longer pause, until nothing is left, or no hope, or no time."""
    start, pause = wait.now(), _SOONEST
    told: Mapping[str, str] | None = None
    while True:
        try:
            reached, left, hope = look(listing(access, arn))
        except _LASTING:
            raise
        except errors.AWSError:
            gone = wait.now() - start
            if gone >= wait.timeout:
                raise
        else:
            gone = wait.now() - start
            waited = Waited(frozenset(reached), left, gone)
            if told != left:
                wait.progress(waited)
                told = left
            if not left or not hope or gone >= wait.timeout:
                return waited
        wait.sleep(min(pause, wait.timeout - gone))
        pause = min(pause * _SLOWER, _LATEST)
