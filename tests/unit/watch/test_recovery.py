"""What the CLI says of a stack that somebody else runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from lictor.watch.engine import recovery

OF_OUR_OWN = """\
error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or \
delete the lock file with `pulumi cancel`.
  file:///state/.pulumi/locks/organization/p/dev/1.json: created by me@{host} (pid {pid}) at 2026-11-21T10:00:00Z
"""  # noqa: E501 - the CLI's lines
OF_PULUMI_CLOUD = """\
error: [409] Conflict: Another update is currently in progress.
To learn more about possible reasons and resolution, visit \
https://www.pulumi.com/docs/support/troubleshooting/common-issues/update-conflicts/
"""


def test_a_lock_of_this_host_tells_its_process() -> None:
    """Ours lives."""
    text = OF_OUR_OWN.format(host=socket.gethostname(), pid=os.getpid())
    (found,) = recovery.locks(text)
    assert (found.pid, found.dead) == (os.getpid(), False)
    assert "me@" in found.text


def test_a_lock_whose_process_has_ended_is_dead_on_its_own_host_only() -> None:
    """Nobody knows of processes elsewhere."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    (here,) = recovery.locks(OF_OUR_OWN.format(host=socket.gethostname(), pid=ended.pid))
    (there,) = recovery.locks(OF_OUR_OWN.format(host="elsewhere", pid=ended.pid))
    assert (here.dead, there.dead) == (True, False)


@pytest.mark.parametrize(
    "text",
    [
        OF_PULUMI_CLOUD,
        "error: [409] Conflict: Another update is currently in progress.\n",
        OF_PULUMI_CLOUD.replace("Another update is currently in progress.", "words of tomorrow"),
    ],
)
def test_a_conflict_at_pulumi_cloud_is_a_lock_that_is_waited_for(text: str) -> None:
    """It names no process: never one to cancel."""
    (found,) = recovery.locks(text)
    assert (found.pid, found.dead) == (0, False)


@pytest.mark.parametrize("text", ["", "error: 409 targets failed", "ConcurrentUpdate of DynamoDB"])
def test_other_errors_are_no_locks(text: str) -> None:
    """A number or a word of some other service locks nothing."""
    assert recovery.locks(text) == ()
