"""Errors without a traceback on Pulumi's stock host for dynamic providers.

The host answers whatever a provider raises with ``traceback.format_exc()`` (SDK 3.260 and later;
``pulumi/dynamic/__main__.py``). ``check`` can answer with a failure instead, ``read`` and
``delete`` can only raise. So, in the host's process alone, the text of our own error takes the
place of its traceback; should the host change, the traceback is back and nothing else breaks.
"""

from __future__ import annotations

import os
import sys
import traceback
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class ProviderError(Exception):
    """What went wrong in a provider's method, in one or two lines."""


@lru_cache(maxsize=1)
def tracebacks() -> None:
    """Quieten the tracebacks of :class:`ProviderError`, once for this process."""
    if os.environ.get("LICTOR_DEBUG"):
        return
    original = traceback.format_exc

    @wraps(original)
    def format_exc(limit: int | None = None, chain: bool = True) -> str:  # noqa: FBT001, FBT002 - the signature is Python's
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, ProviderError) else original(limit, chain)

    traceback.format_exc = format_exc


def guarded(method: Callable[P, T]) -> Callable[P, T]:
    """Let a provider's method end in a value or in a :class:`ProviderError`, never otherwise.

    What is no ``Exception`` (an exit, an interrupt) would hang the update for ever: grpc does
    not catch it.
    """

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except BaseException as error:
            raise ProviderError(explain(error)) from error

    return call


def explain(error: BaseException) -> str:
    """Put an error into words; one that is not ours is a fault of lictor, and says so."""
    from lictor import errors  # noqa: PLC0415 - keeps this module free of the others

    if isinstance(error, (errors.LictorError, ProviderError)):
        return str(error)
    return (
        f"lictor failed unexpectedly ({type(error).__name__}: {errors.remote_text(str(error))});"
        " please report it, with the traceback that LICTOR_DEBUG=1 shows"
    )
