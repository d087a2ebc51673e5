"""Which processes are gone, seen from the machine and from containers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lictor.watch.engine import processes

_MACHINE = (0xEFFFFFFC, 0xEFFFFFFE)
_OTHER = 4026532178
_NUMBER = 31234
_UNSHARE = ("unshare", "--fork", "--pid", "--mount-proc")


@pytest.fixture(scope="module")
def container() -> tuple[str, ...]:
    """Return the words before a command that runs it as in a container, as root there."""
    words = _UNSHARE if os.geteuid() == 0 else (*_UNSHARE, "--user", "--map-root-user")
    tried = subprocess.run(  # noqa: S603 - our own words
        [*words, "--net", "--uts", "true"], check=False, capture_output=True, text=True
    )
    assert tried.returncode == 0, f"the kernel lets us make no container: {tried.stderr.strip()}"
    return words


@pytest.mark.parametrize(
    ("pid", "uts", "wired", "may"),
    [
        (*_MACHINE, True, True),
        (_MACHINE[0], _OTHER, True, True),
        (_OTHER, _OTHER + 1, False, True),
        (_OTHER, _OTHER + 1, True, False),
        (_OTHER, _MACHINE[1], False, False),
    ],
)
def test_who_may_judge(pid: int, uts: int, *, wired: bool, may: bool) -> None:
    """Not a container by the name of its machine."""
    assert processes.judges(pid, uts, wired=wired) is may


def test_nobody_knows_of_other_hosts() -> None:
    """Nor is a number gone that none can have."""
    assert not processes.gone("elsewhere", 1)
    assert not processes.gone(socket.gethostname(), os.getpid())
    assert not processes.gone(socket.gethostname(), 2**70)


def test_from_within_a_container(container: tuple[str, ...]) -> None:
    """By a name of its own it judges, by its machine's it does not."""
    code = (
        "import socket; from lictor.watch.engine import processes;"
        f" print(processes.gone(socket.gethostname(), {_NUMBER}))"
    )
    look = f"mount -t sysfs none /sys; exec {sys.executable} -c '{code}'"
    said = [
        subprocess.run(  # noqa: S603 - our own words
            [*container, *more, "sh", "-c", look], check=True, capture_output=True, text=True
        ).stdout.strip()
        for more in ((), ("--net",), ("--uts", "--net"), ("--uts",))
    ]
    wired = any(Path("/sys/class/net").glob("*/device"))
    assert said == ["False", "False", "True", str(not wired)]


def test_a_process_within_a_container_is_seen_from_the_machine(container: tuple[str, ...]) -> None:
    """Its number there is none of the machine's, and it lives."""
    free = next(number for number in range(30000, 32000) if not Path(f"/proc/{number}").exists())
    script = f"echo {free - 1} > /proc/sys/kernel/ns_last_pid; sleep 60 & echo $!; wait"
    with subprocess.Popen(  # noqa: S603 - our own words
        [*container, "--kill-child", "sh", "-c", script], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            number = int(process.stdout.readline())
            assert number == free
            assert not processes.gone(socket.gethostname(), number)
        finally:
            process.kill()
