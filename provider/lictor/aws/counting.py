"""Every attempt of a call of AWS's API, told to whoever counts them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from lictor.aws import failures

if TYPE_CHECKING:
    from collections.abc import Callable

    Counter = Callable[[str, str, bool], None]
    """Takes the service as boto3 names it, the operation, and whether AWS turned it away."""

_COUNTERS: list[Counter] = []


def tell(counter: Counter) -> None:
    """Tell of every attempt from now on, in the thread that makes it."""
    _COUNTERS.append(counter)


def watch(events: Any, service: str) -> None:  # noqa: ANN401 - botocore's events have no types
    """Have the attempts of a client counted."""
    events.register("needs-retry.*.*", partial(_count, service))


def _count(service: str, operation: Any, response: Any, **_others: object) -> None:  # noqa: ANN401
    """Look at an attempt that has ended."""
    code = response[1].get("Error", {}).get("Code", "") if response is not None else ""
    for counter in _COUNTERS:
        counter(service, operation.name, code in failures.THROTTLED)
