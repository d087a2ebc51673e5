"""Durations: a number of seconds, or ``30s``, ``5m``, ``2h``."""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,12})?"
_PART = re.compile(rf"({_NUMBER})(ms|s|m|h|d)")
_LONGEST = 366 * 86400
"""A year: beyond it stands a mistake, and far beyond it the end of the calendar."""


class Seconds(float):
    """A length of time in seconds, from 0 to a year."""


def read(value: object) -> Seconds:
    """Read a duration.

    Args:
        value: Seconds as a number, or text such as ``30s``, ``5m``, ``2h`` or ``1h30m``.

    Raises:
        ValueError: Anything else; the text says what is allowed.
    """
    seconds: float = -1
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = value
    elif isinstance(value, str):
        seconds = _from_text(value.strip())
    if not 0 <= seconds <= _LONGEST:
        raise ValueError("Expected seconds as a number, or `30s`, `5m`, `2h`, at most 366 days")
    return Seconds(seconds)


def _from_text(text: str) -> float:
    """Add up the parts of ``1h30m``; -1 when there is something else in the text."""
    if re.fullmatch(_NUMBER, text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return -1.0
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
