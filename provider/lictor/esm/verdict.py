"""What results make of a check: pure.

A check does not follow every result: with a threshold of N it takes N + 1 results that say the
contrary. They are counted up, and down by results that agree, so that one that flaps does not
change for each flap, and one that fails more often than not does in the end.
"""

from __future__ import annotations

from dataclasses import dataclass

PASSING = "passing"
WARNING = "warning"
CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of a probe said."""

    status: str
    output: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How many contrary results are let pass.

    Attributes:
        passing: Good ones before a critical check passes.
        critical: Bad ones before a check becomes critical.
    """

    passing: int = 0
    critical: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a check stands.

    Attributes:
        status: What counts, and what Consul shall say.
        contrary: Results that said the contrary, less those that agreed since.
    """

    status: str
    contrary: int = 0


def step(standing: Standing, observed: str, thresholds: Thresholds) -> Standing:
    """Take one result into account.

    Args:
        standing: Where the check stood.
        observed: What the probe said; a warning is as good as passing for thresholds.
        thresholds: Of this check.
    """
    bad, was_bad = observed == CRITICAL, standing.status == CRITICAL
    if bad == was_bad:
        status = standing.status if bad else observed
        return Standing(status, max(0, standing.contrary - 1))
    contrary = standing.contrary + 1
    if contrary > (thresholds.critical if bad else thresholds.passing):
        return Standing(observed)
    return Standing(standing.status, contrary)


def of_http(status: int) -> str:
    """Tell what a status of HTTP says: 2xx passes, 429 warns, all else is critical."""
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own
        return PASSING
    return WARNING if status == 429 else CRITICAL  # noqa: PLR2004 - the same
