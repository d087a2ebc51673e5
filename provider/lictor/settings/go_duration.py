"""Durations in the form of Go: ``1h30m``, ``500ms``, ``-5s``, ``0``.

Consul and its tools write them so (https://pkg.go.dev/time#ParseDuration): a sign, then numbers
each with a unit; only zero needs none.
"""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_PART = re.compile(r"([0-9]{1,18}\.?[0-9]{0,18}|\.[0-9]{1,18})(ns|us|µs|μs|ms|s|m|h)")
_LONGEST = 9_223_372_036.0
"""Seconds that fit into Go's 64 bits of nanoseconds."""


def read(text: str) -> float:
    """Read a duration; seconds, which may be negative.

    Raises:
        ValueError: It is none; the text says what is allowed.
    """
    sign, rest = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    if rest == "0":
        return 0.0
    parts = _PART.findall(rest)
    if not parts or "".join(number + unit for number, unit in parts) != rest:
        raise ValueError(f'time: invalid duration "{text[:60]}"; expected such as 10s, 5m or 1h30m')
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds > _LONGEST:
        raise ValueError(f'time: invalid duration "{text[:60]}"; it is longer than 292 years')
    return sign * seconds
