"""`lictor join-address`: whom to join, found by an EC2 tag, for init scripts and user data."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lictor import errors
from lictor.aws import machines, metadata, tags
from lictor.model import AWSAccess
from lictor.settings import connections, duration, shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lictor.model import Machine

PAUSE = 2.0
"""Seconds between two looks."""


class Form(StrEnum):
    """How addresses are printed."""

    LINES = "lines"
    """One a line."""
    RETRY_JOIN = "retry-join"
    """A line of Consul's config: ``retry_join = ["10.0.0.1"]``."""
    JSON = "json"
    """A list."""

    def of(self, addresses: Sequence[str]) -> str:
        """Write addresses so."""
        listed = json.dumps(list(addresses))
        return {
            Form.LINES: "\n".join(addresses),
            Form.RETRY_JOIN: f"retry_join = {listed}",
            Form.JSON: listed,
        }[self]


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom to find.

    Attributes:
        tag: Tag that they carry.
        region: Where; empty for the one of the environment, of AWS's files, or of this instance.
        wait: How long to look again while there is none, in seconds.
    """

    tag: tags.Tag
    region: str = ""
    wait: float = 0.0

    @classmethod
    def read(cls, tag: str, region: str, wait: str) -> Wish:
        """Read the command's options.

        Raises:
            errors.SettingsError: One of them cannot be.
        """
        key, equals, value = tag.partition("=")
        if not key or not equals:
            raise errors.SettingsError(f"--tag: expected KEY=VALUE, found {tag!r}")
        if region and not shapes.REGION.fullmatch(region):
            raise errors.SettingsError(
                f"--region: expected a region such as us-west-2, found {region!r}"
            )
        try:
            seconds = duration.read(float(wait) if wait.replace(".", "", 1).isdecimal() else wait)
        except ValueError as error:
            raise errors.SettingsError(f"--wait: {error}; found {wait!r}") from None
        return cls(tags.Tag(key, value), region, seconds)


def addresses(wish: Wish, say: Callable[[str], None]) -> list[str]:
    """Find the private addresses of the running instances that carry a tag, our own left out.

    While an instance boots its role and its network may not be there yet: within the wait these
    are tried again, too. What AWS denies is not.

    Args:
        wish: Whom to find.
        say: Told once when it begins to wait.

    Raises:
        errors.AWSError: There is none, or AWS cannot be asked.
    """
    end = time.monotonic() + wish.wait
    own, told = "", False
    while True:
        problem: errors.AWSError
        try:
            found = _look(wish)
            own = own or metadata.own_id()  # by now it is up, if it is where our role comes from
            if others := _others(found, own):
                return others
            problem = _nobody(wish, own)
        except errors.AccessDenied:
            raise
        except errors.AWSError as error:
            problem = error
        left = end - time.monotonic()
        if left <= 0:
            raise problem
        if not told:
            say(f"waiting up to {wish.wait:g} s: {problem}")
            told = True
        time.sleep(min(PAUSE, left))


def _look(wish: Wish) -> Iterable[Machine]:
    access = AWSAccess(_region(wish))
    filters = {f"tag:{tags.literal(wish.tag.key)}": [tags.literal(wish.tag.value)]}
    return machines.find(access, filters, machines.RUNNING)


def _region(wish: Wish) -> str:
    """Find the region; whoever boots has not been told one."""
    env = connections.region(lambda _: None, os.environ)
    return wish.region or env or metadata.own_region()


def _others(found: Iterable[Machine], own: str) -> list[str]:
    return sorted(
        {machine.address for machine in found if machine.address and machine.id != own},
        key=_numbers,
    )


def _nobody(wish: Wish, own: str) -> errors.AWSError:
    but = f" but this one ({own})" if own else ""
    where = _region(wish)
    return errors.AWSError(
        f"no running EC2 instance{but} carries the tag {wish.tag} in {where}; check --tag and"
        " --region, or give it time by --wait 60s"
    )


def _numbers(address: str) -> tuple[int, ...]:
    return tuple(int(part) for part in address.split("."))
