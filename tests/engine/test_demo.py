"""The demo tells the truth, says so by its exit code, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from examples.demo import comparison, patience, scene, world
from examples.demo.__main__ import outcome
from examples.demo.comparison import Due, Observed
from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 150
STEPS = 9
COMPARISONS = 11

KEY, OTHER = "i-0aaaaaaaaaaaaaaaa:80", "i-0bbbbbbbbbbbbbbbb:80"
NODES = {KEY: "node-1", OTHER: "node-2"}
RIGHT = Observed({KEY: "passing"}, {KEY: "attached"}, {KEY: "healthy"})


class Demo:
    """A demo under way, with a folder of its own for whatever is temporary."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.output = folder / "output"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "examples.demo"],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(self.temporary)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        """Return what was printed so far."""
        return self.output.read_text()

    def wait_for(self, text: str) -> None:
        """Return once it has printed this."""
        end = time.monotonic() + SECONDS
        while text not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < end, self.text()
            time.sleep(0.02)

    def ended(self) -> int:
        """Return its exit code, and see that nothing is left of it."""
        code = self.process.wait(SECONDS)
        assert "Traceback" not in self.text()
        assert list(self.temporary.iterdir()) == []
        assert self.left() == []
        return code

    def left(self) -> list[str]:
        """List the processes whose environment leads into the temporary folder."""
        mark = str(self.temporary).encode()
        return [str(path) for path in _environments() if mark in _read(path)]


def _environments() -> Iterator[Path]:
    return Path("/proc").glob("[0-9]*/environ")  # elsewhere than on Linux there are none


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended since
        return b""


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """Start a demo, and end it where the test has failed to."""
    started = Demo(tmp_path)
    yield started
    if started.process.poll() is None:
        started.process.terminate()
        started.process.wait(SECONDS)


@pytest.mark.timeout(SECONDS)
def test_every_step_agrees_and_nothing_is_left(demo: Demo) -> None:
    """One whole run, as a person sees it."""
    assert demo.ended() == 0, demo.text()
    text = demo.text()
    rows = [line.split() for line in text.splitlines() if line.lower().endswith("agree")]
    assert {row[-1] for row in rows} == {"agree"}
    assert text.count("load balancer\n") == COMPARISONS
    assert f"All {COMPARISONS} comparisons were true." in text
    steps = text.split("\n\n")
    assert [step[0] for step in steps if step[0].isdigit()] == [str(i + 1) for i in range(STEPS)]
    assert {tuple(row[2:5]) for row in rows} == {
        ("passing", "attached", "healthy"),
        ("critical", "-", "draining"),
        ("critical", "-", "-"),
        ("critical", "held", "healthy"),
    }
    assert text.count("| web held ") == 5
    told = [line for line in text.splitlines() if str(demo.temporary) not in line]
    assert max(map(len, told)) <= 100


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize(
    ("sign", "moment"),
    [
        pytest.param(
            signal.SIGINT,
            "3  `lictor watch` runs the stack",
            id="Ctrl-C while the watch runs pulumi",
            marks=pytest.mark.long,
        ),
        pytest.param(signal.SIGTERM, "Starting Consul", id="SIGTERM at the start"),
    ],
)
def test_a_stopped_demo_leaves_nothing(demo: Demo, sign: signal.Signals, moment: str) -> None:
    """No process of Consul, Pulumi or the stand-in, no provider, no file."""
    demo.wait_for(moment)
    demo.process.send_signal(sign)
    assert demo.ended() == 128 + sign
    assert demo.text().endswith("demo: stopped; nothing is left running\n")


def test_ctrl_c_at_a_terminal(demo: Demo) -> None:
    """There it reaches Consul and the stand-in as well, which end under the demo's feet."""
    demo.wait_for("Starting Consul")
    os.killpg(demo.process.pid, signal.SIGINT)
    assert demo.ended() == 130


def test_a_missing_tool_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With the way out, and without a traceback."""
    assert outcome(lambda: world.require_tools(str(tmp_path)), patience.Patience()) == 1
    assert "pulumi-language-python missing; run `make tools`" in capsys.readouterr().out


def rows(observed: Observed, due: Due = Due.SERVING) -> tuple[comparison.Row, ...]:
    """Compare what is due to the one key."""
    return comparison.compare(observed, {KEY: due}, NODES)


OFF = {KEY: "critical"}
AGREEING = {
    "serving": (RIGHT, Due.SERVING),
    "held": (Observed(OFF, {KEY: "held"}, {KEY: "healthy"}), Due.HELD),
    "draining": (Observed(OFF, {}, {KEY: "draining"}), Due.DRAINING),
    "gone": (Observed(OFF, {}, {}), Due.GONE),
    "not in Consul at all": (Observed({}, {}, {}), Due.GONE),
}
WRONG = {
    "not attached": (replace(RIGHT, balancer={}), Due.SERVING),
    "not recorded": (replace(RIGHT, stack={}), Due.SERVING),
    "not healthy yet": (replace(RIGHT, balancer={KEY: "initial"}), Due.SERVING),
    "Consul says otherwise": (replace(RIGHT, consul=OFF), Due.SERVING),
    "a stranger in the group": (
        replace(RIGHT, balancer={**RIGHT.balancer, OTHER: "healthy"}),
        Due.SERVING,
    ),
    "an instance that nobody attached": (
        replace(RIGHT, consul={**RIGHT.consul, OTHER: "passing"}),
        Due.SERVING,
    ),
    "held for nothing": (replace(RIGHT, stack={KEY: "held"}), Due.SERVING),
    "removed in spite of a guard": (Observed(OFF, {}, {KEY: "draining"}), Due.HELD),
    "held though it was to go": (Observed(OFF, {KEY: "held"}, {KEY: "healthy"}), Due.DRAINING),
    "held but not registered": (Observed(OFF, {KEY: "held"}, {}), Due.HELD),
    "still attached": (Observed(OFF, {KEY: "attached"}, {KEY: "healthy"}), Due.GONE),
}


@pytest.mark.parametrize("case", AGREEING.values(), ids=AGREEING)
def test_what_agrees(case: tuple[Observed, Due]) -> None:
    """All three say what is due."""
    assert comparison.agreed(rows(*case))


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_does_not_agree_fails_the_demo(
    case: tuple[Observed, Due], capsys: pytest.CaptureFixture[str]
) -> None:
    """The table says DISAGREE, the end says what, the exit code is 1."""
    assert outcome(lambda: scene.judge(rows(*case)), patience.Patience()) == 1
    said = capsys.readouterr().out
    assert "DISAGREE" in said
    assert "demo: node-" in said


def test_nothing_to_compare_is_no_agreement() -> None:
    """A demo that sees nothing has shown nothing."""
    assert not comparison.agreed(comparison.compare(Observed({}, {}, {}), {}, NODES))


def test_the_table() -> None:
    """Columns in line, nodes in order."""
    seen = replace(RIGHT, consul={OTHER: "critical", **RIGHT.consul})
    assert comparison.table(rows(seen)) == [
        "target                  node    Consul    stack     load balancer",
        "i-0aaaaaaaaaaaaaaaa:80  node-1  passing   attached  healthy        agree",
        "i-0bbbbbbbbbbbbbbbb:80  node-2  critical  -         -              agree",
    ]


def fail(error: Exception) -> Callable[[], None]:
    """Make a demo that ends so."""

    def demo() -> None:
        raise error

    return demo


def test_a_fault_of_our_own_is_not_hidden() -> None:
    """Only what a person can mend is told without a traceback."""
    with pytest.raises(KeyError):
        outcome(fail(KeyError("x")), patience.Patience())


def test_waiting_has_a_limit() -> None:
    """What never becomes true is None in the end."""
    assert patience.Patience().until(lambda: None, 0.1) is None
