"""Times as Go's ``time.Time`` writes them in binary, in which consul-esm keeps when a node died."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

_FORM = struct.Struct(">BqiH")
_EPOCH = 62_135_596_800
"""Seconds from year 1, from which Go counts, to 1970."""
_UTC = 0xFFFF
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


def write(time: datetime) -> bytes:
    """Write a time, in UTC: version, seconds, nanoseconds, offset."""
    since = time - _BEGIN
    whole = since // timedelta(seconds=1)
    return _FORM.pack(1, whole + _EPOCH, since.microseconds * 1000, _UTC)


def read(data: bytes) -> datetime | None:
    """Read a time; None for what is none."""
    if len(data) < _FORM.size or data[0] not in (1, 2):
        return None
    _, seconds, nanos, _ = _FORM.unpack_from(data)
    try:
        return _BEGIN + timedelta(seconds=seconds - _EPOCH, microseconds=nanos // 1000)
    except OverflowError:
        return None
