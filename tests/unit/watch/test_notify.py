"""What systemd hears, on a socket of each kind that it may name."""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from typing import TYPE_CHECKING

import pytest

from lictor.notify import Notifier
from lictor.watch import pulse
from lictor.watch.board import Board
from lictor.watch.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    """Listen as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(5)
        yield listening


@pytest.fixture(params=["path", "abstract"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Return how the environment names a socket, and its address."""
    name = f"lictor-{uuid.uuid4()}"
    path = str(tmp_path / "notify")
    return (path, path) if request.param == "path" else (f"@{name}", f"\0{name}")


def test_all_that_can_be_said(place: tuple[str, str]) -> None:
    """One datagram a word, in order; a text becomes one line."""
    named, address = place
    notifier = Notifier({"NOTIFY_SOCKET": named})
    with manager(address) as listening:
        notifier.ready("watching\n3 services")
        notifier.alive("web +1 -0")
        notifier.alive()
        notifier.ready()
        notifier.stopping()
        heard = [listening.recv(4096).decode() for _ in range(5)]
        assert heard == [
            "READY=1\nSTATUS=watching 3 services",
            "WATCHDOG=1\nSTATUS=web +1 -0",
            "WATCHDOG=1",
            "READY=1",
            "STOPPING=1",
        ]


def test_a_pulse_ends_with_the_loops_signs_of_life(tmp_path: Path) -> None:
    """The manager is told as often as it wants, and nothing more once the loop is silent."""
    now = 0.0
    board = Board("dev", lambda: now)
    env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"}
    with manager(env["NOTIFY_SOCKET"]) as listening, Pulse(Notifier(env), board):
        for _ in range(2):
            assert listening.recv(4096) == b"WATCHDOG=1\nSTATUS=alone, 0 groups"
        now = pulse.SILENCE
        listening.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            for _ in range(5):
                listening.recv(4096)
            pytest.fail("the watchdog is told that a silent loop lives")
        now = 0.0
        listening.settimeout(5)
        assert listening.recv(4096)
    assert pulse.stalled(board) == ""


@pytest.mark.parametrize("named", ["", "/nowhere/notify", "@nobody-listens-here"])
def test_nobody_listens(named: str) -> None:
    """Without systemd, and where its socket has gone, nothing happens."""
    Notifier({"NOTIFY_SOCKET": named} if named else {}).ready()


def test_a_manager_that_is_stuck(tmp_path: Path) -> None:
    """A full socket holds nobody up for long."""
    path = str(tmp_path / "notify")
    with manager(path), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filling:
        filling.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                filling.sendto(b"x", path)
        Notifier({"NOTIFY_SOCKET": path}).alive()


@pytest.mark.parametrize(
    ("env", "pause"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_how_often_a_sign_of_life_is_due(env: dict[str, str], pause: float | None) -> None:
    """Half of what is allowed, and only if it is meant for this process."""
    assert Notifier(env).pause == pause
