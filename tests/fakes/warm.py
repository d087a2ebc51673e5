"""Python processes that start warm: a server has imported what Pulumi's hosts need, and forks.

Every command of the CLI starts Python three times (a list of packages, the program, the provider),
and most of what a test costs is imports. `start()` yields a command for `PULUMI_PYTHON_CMD`: it
hands its arguments, environment, folder and open files to the server, whose fork runs them as
`python` would. So each run still has processes of its own, which start, print, fail and die as
Pulumi has it. What is timed or killed starts cold.
"""

from __future__ import annotations

import array
import contextlib
import io
import json
import os
import runpy
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = str(ROOT / ".venv/bin/python")
_DEADLINE = 30.0
_STREAMS = 3

# Runs in each command, without the site-packages that take the time.
_COMMAND = """
import array, json, os, socket, sys
words = sys.argv[1:]
door = socket.socket(socket.AF_UNIX)
door.connect({door!r})
said = json.dumps([words, dict(os.environ), os.getcwd()]).encode()
fds = array.array("i", [0, 1, 2])
door.sendmsg([len(said).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
door.sendall(said)
for fd in (0, 1, 2):
    os.close(fd)
code = door.recv(1)
os._exit(code[0] if code else 137)
"""

_CHOICE = """#!/bin/sh
case "$*" in
  *pulumi.dynamic*|*pulumi-language-python-exec*|"-m pip list"*|"-m lictor "*)
    [ "$PYTHONPATH" != {modules} ] || exec {warm} "$@" ;;
esac
exec {cold} "$@"
"""


@contextlib.contextmanager
def start(modules: str = "") -> Iterator[Path]:
    """Run a server with this `PYTHONPATH`; yield the command, which starts others cold."""
    with tempfile.TemporaryDirectory(prefix="warm") as folder:
        door, script, command = (Path(folder, name) for name in ("door", "command.py", "python"))
        script.write_text(_COMMAND.format(door=str(door)))
        # -I -S: neither site-packages nor PYTHONPATH, which are the server's matter
        words = shlex.join([PYTHON, "-I", "-S", str(script)])
        command.write_text(
            _CHOICE.format(modules=shlex.quote(modules), warm=words, cold=shlex.quote(PYTHON))
        )
        command.chmod(0o755)
        path = os.pathsep.join(filter(None, [modules, str(ROOT)]))
        child = subprocess.Popen(  # noqa: S603 - our own server
            [PYTHON, "-m", "tests.fakes.warm", str(door)],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
        )
        try:
            _await(door, child)
            yield command
        finally:
            child.kill()
            child.wait()


def _await(door: Path, child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _DEADLINE
    while not door.exists():
        assert child.poll() is None, "the server of warm processes has ended"
        assert time.monotonic() < end, "the server of warm processes does not start"
        time.sleep(0.01)


def _serve(path: str) -> None:
    """Import, then fork for each that knocks; end with the one that started us."""
    _import()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a fork
    packages: dict[str, bytes] = {}
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{path}.new")
    listening.listen(64)
    Path(f"{path}.new").rename(path)
    parent = os.getppid()
    listening.settimeout(1.0)
    while os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            door, _ = listening.accept()
            door.settimeout(None)
            _answer(door, packages)


def _import() -> None:
    """Import what the hosts import, grpc's threads and the CLI's connections aside."""
    import grpc  # noqa: F401, PLC0415 - the server only
    import pulumi.dynamic  # noqa: PLC0415 - the server only
    import pulumi.runtime  # noqa: F401, PLC0415 - the server only

    import lictor  # noqa: PLC0415 - the server only

    for name in ("boto3.session", "botocore.client", "dill", "requests", "consul", "msgspec"):
        __import__(name)
    rooms = Path(lictor.__file__).parent
    for file in rooms.glob("*/*.py"):
        if file.parent.name != "watch":
            __import__(f"lictor.{file.parent.name}.{file.stem}".removesuffix(".__init__"))


def _answer(door: socket.socket, packages: dict[str, bytes]) -> None:
    """Run what is asked in a fork; a list of packages is asked for once only."""
    size, fds = _received(door)
    words, env, folder = json.loads(_exactly(door, size))
    if words[:3] == ["-m", "pip", "list"]:
        if not packages:
            packages["list"] = subprocess.check_output([PYTHON, *words], env=env)  # noqa: S603 - see PYTHON
        with os.fdopen(fds[1], "wb") as out:
            out.write(packages["list"])
        door.sendall(b"\0")
        for fd in (fds[0], fds[2]):
            os.close(fd)
        door.close()
    elif os.fork() == 0:
        _run(door, fds, words, env, folder)
    else:
        for fd in fds:
            os.close(fd)
        door.close()


def _received(door: socket.socket) -> tuple[int, list[int]]:
    size = array.array("i").itemsize * _STREAMS
    head, ancillary, *_ = door.recvmsg(8, socket.CMSG_SPACE(size))
    fds = array.array("i")
    fds.frombytes(ancillary[0][2][:size])
    return int.from_bytes(head, "big"), list(fds)


def _exactly(door: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += door.recv(size - len(found))
    return found


def _run(
    door: socket.socket, fds: list[int], words: list[str], env: dict[str, str], folder: str
) -> NoReturn:
    """Be the process that was asked for."""
    code = 1
    try:
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
            os.close(fd)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        threading.Thread(target=_ends_with, args=(door,), daemon=True).start()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(env)
        for name, fd in (("stdout", 1), ("stderr", 2)):
            raw = io.FileIO(fd, "w", closefd=False)  # as `python -u` has it
            stream = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        _python([word for word in words if word != "-u"])
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except BaseException:  # noqa: BLE001 - as Python ends
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        door.sendall(bytes([code & 255]))
        os._exit(code)


def _python(words: list[str]) -> None:
    """Do what `python WORDS` does."""
    main: dict[str, Any] = {"run_name": "__main__"}
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path[0] = str(Path.cwd())
        runpy.run_module(words[1], alter_sys=True, **main)
    else:
        sys.argv = words
        sys.path[0] = str(Path(words[0]).parent)
        runpy.run_path(words[0], **main)


def _ends_with(door: socket.socket) -> None:
    """End when the command has been killed."""
    with contextlib.suppress(OSError):
        door.recv(1)
    os._exit(137)


if __name__ == "__main__":
    _serve(sys.argv[1])
