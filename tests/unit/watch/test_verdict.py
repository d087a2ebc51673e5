"""How runs are judged and told."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from lictor import errors
from lictor.watch import lines, report
from lictor.watch.engine.outcome import Group
from lictor.watch.telling import Teller
from lictor.watch.verdict import Verdict, judge

URN = "urn:pulumi:dev::lictor::pulumi-python:dynamic/lictor:TargetGroupAttachments::web"


def group(**what: object) -> Group:
    """Make a group of a run."""
    return Group(urn=URN, name="web", **what)  # type: ignore[arg-type]


DONE = group(attached={"i-1:80": "node-1 (dc1)"})
HELD = group(held={"i-1:80": "min_targets 1: 0 would remain"})
DELAYED = group(held={"i-1:80": "removal_delay; due 2026-11-21T12:00:00Z"})
FAILED = group(failed={"i-1:80": "no"}, held=HELD.held)
NEW = group(blocked=errors.ConsulDenied("no"), kept=False)
BLOCKED = group(blocked=errors.ConsulDenied("no"), failed=FAILED.failed)


@pytest.mark.parametrize(
    ("groups", "applied", "verdict", "code"),
    [
        ((), True, Verdict.DONE, 0),
        ((DONE, DELAYED), True, Verdict.DONE, 0),
        ((group(held={"i-1:80": "policy add-only"}),), True, Verdict.DONE, 0),
        ((group(paused="by somebody, until resumed"),), True, Verdict.DONE, 0),
        ((DONE, HELD), True, Verdict.HELD, 3),
        ((HELD, FAILED), True, Verdict.FAILED, 3),
        ((FAILED, BLOCKED), True, Verdict.BLOCKED, 3),
        ((DONE,), False, Verdict.ERROR, 1),
        ((NEW, NEW), True, Verdict.ERROR, 1),
        ((NEW, DONE), True, Verdict.BLOCKED, 3),
    ],
)
def test_the_worst_counts(
    groups: tuple[Group, ...],
    applied: bool,  # noqa: FBT001 - a case
    verdict: Verdict,
    code: int,
) -> None:
    """A delay and `add-only` are what the user asked for."""
    found = judge(groups, applied=applied)
    assert (found, found.code) == (verdict, code)


CHANGED = group(
    attached={"i-1:80": "node-1 (dc1)", "i-2:80": "node-2 (dc1)"},
    added={"i-2:80": "node-2 (dc1)"},
    removed={"i-3:80": "node-3 (dc1)"},
    seconds=0.214,
)


def test_lines() -> None:
    """One a target, one a group."""
    assert [line.text for line in lines.of([CHANGED])] == [
        "web + i-2:80 node-2 (dc1)",
        "web - i-3:80 node-3 (dc1)",
        "web +1 -1 =1 held 0 failed 0 0.21s",
    ]
    assert [line.text for line in lines.of([BLOCKED])][1] == "web blocked: no"


def test_json_on_every_line() -> None:
    """With the time, the level and the facts."""
    out = io.StringIO()
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    teller = Teller(json=True, out=out, now=lambda: noon)
    for line in lines.of([CHANGED]):
        teller.tell(line)
    teller.raw("what the CLI printed is for people\n")
    first, *_, last = map(json.loads, out.getvalue().splitlines())
    assert first["time"] == "2026-11-21T12:00:00.000+00:00"
    assert [first["sign"], first["target"], first["level"]] == ["+", "i-2:80", "info"]
    assert [last["added"], last["removed"], last["kept"]] == [1, 1, 1]


def test_a_reader_that_went_away() -> None:
    """A closed pipe ends neither a run nor the watch."""

    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    Teller(out=Gone()).tell(lines.Line("web"))


def test_documents() -> None:
    """For programs, and for a pull request; what would break a table's cell is escaped."""
    told = json.loads(report.document([CHANGED], Verdict.DONE))
    assert told["verdict"] == "done"
    assert told["groups"][0]["removed"] == {"i-3:80": "node-3 (dc1)"}
    text = report.markdown([group(blocked=errors.ConsulDenied("a | b\nc"))])
    assert "| web | 0 | 0 | 0 | 0 | a \\| b c |" in text
    assert "- `web + i-2:80 node-2 (dc1)`" in report.markdown([CHANGED])
