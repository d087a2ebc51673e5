"""What happens to each attempt of a call: it waits for the budget, and it may break off.

botocore retries inside a call, where the caller does not see it; its events are the only place
from which every attempt is seen. An attempt that broke off may have taken effect all the same.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lictor.aws import budget, failures

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVICE = "elastic-load-balancing-v2"
_CHANGING = ("RegisterTargets", "DeregisterTargets")
_SERVER_ERRORS = 500


class Seen(threading.local):
    """What became of the attempts of this thread's call.

    Attributes:
        broken: Whether one ended without AWS saying that it did nothing.
    """

    broken = False


_SEEN = Seen()


def watch(events: Any) -> None:  # noqa: ANN401 - botocore's events have no types
    """Have a client's changing calls wait for the budget and be seen."""
    for operation in _CHANGING:
        events.register_first(f"request-created.{_SERVICE}.{operation}", _wait)
        events.register_first(f"needs-retry.{_SERVICE}.{operation}", _look)


@contextmanager
def seen() -> Iterator[Seen]:
    """Look at the attempts of a call that is made within."""
    _SEEN.broken = False
    yield _SEEN


def _wait(request: Any, **_others: object) -> None:  # noqa: ANN401 - botocore's request
    """Wait for the budget before an attempt is signed and sent, new tries included.

    Should a later botocore speak another protocol, all groups share one bucket.
    """
    sent = request.data
    arn = sent.get("TargetGroupArn", "") if isinstance(sent, dict) else ""
    budget.OF_PROCESS.of(arn).take()


def _look(response: Any, caught_exception: object, **_others: object) -> None:  # noqa: ANN401
    """Note an attempt that ended without a clear word; botocore decides about a new one."""
    if caught_exception is not None:
        _SEEN.broken |= not isinstance(caught_exception, failures.NEVER_SENT)
    elif response is not None and response[0].status_code >= _SERVER_ERRORS:
        code = response[1].get("Error", {}).get("Code", "")
        _SEEN.broken |= code not in failures.THROTTLED
