"""Show Consul, a stack and a target group at work: `make demo`, or `python -m examples.demo`.

Exit code: 0 when every comparison was true, 1 when one was not or something is missing, 130 after
Ctrl-C. However it ends, nothing is left running and no file is left behind.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import urllib.error
from typing import TYPE_CHECKING

from examples.demo import patience, screen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from examples.demo.patience import Patience


def main(argv: Sequence[str]) -> int:
    """Show everything."""
    parser = argparse.ArgumentParser("python -m examples.demo", description=__doc__)
    parser.add_argument("--stay", action="store_true", help="keep it all up until Ctrl-C")
    options = parser.parse_args(argv)
    waiting = patience.Patience()
    waiting.listen()
    return outcome(lambda: _demo(waiting, stay=options.stay), waiting)


def _demo(waiting: Patience, *, stay: bool) -> None:
    from examples.demo import story, world  # noqa: PLC0415 - outcome() explains what is missing

    began = time.monotonic()
    screen.say("lictor: Consul decides, Pulumi records, AWS follows.")
    screen.tell("Starting Consul, a stand-in for AWS, and a stack on Pulumi's file backend ...")
    with world.start(waiting) as started:
        screen.show(
            [
                f"Consul {started.consul.url}",
                f"AWS    {started.aws.url}  target group {started.web.arn.rpartition(':')[2]}",
                f"stack  {started.web.stack.project}",
                f"{time.monotonic() - began:.1f} s to start",
            ]
        )
        story.tell(started, stay=stay)
    screen.show([f"{time.monotonic() - began:.1f} s in all; nothing is left running."])


def outcome(demo: Callable[[], None], waiting: Patience) -> int:
    """Run the demo and turn its end into an exit code, and into a sentence where it fails."""
    try:
        demo()
    except Exception as error:
        if waiting.signal:  # a Ctrl-C at a terminal reaches Consul, too: what it breaks is no news
            return _ended(128 + waiting.signal, "stopped; nothing is left running")
        if isinstance(error, BrokenPipeError):  # the reader has gone, nobody to tell
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        if not _foreseen(error):
            raise
        return _ended(1, _explain(error))
    return 0


def _foreseen(error: Exception) -> bool:
    """Whether the text of an error tells a person enough."""
    if isinstance(error, patience.Failed | OSError | ModuleNotFoundError):
        return True
    return type(error).__module__.startswith(("tests.fakes", "botocore"))


def _explain(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"{error}; `make demo` sets up what is needed"
    if isinstance(error, urllib.error.URLError):
        return f"Consul or the AWS stand-in does not answer any more: {error.reason}"
    return str(error)


def _ended(code: int, text: str) -> int:
    screen.say()
    screen.say(f"demo: {text}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
