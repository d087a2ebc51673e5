"""The CLI in a home where it keeps no log: it works there, and finds what the user's has."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from lictor.watch.engine.home import unlogged
from tests.fakes.path import search_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def pulumi(home: Mapping[str, str], *words: str) -> str:
    """Run the CLI, and return what it says."""
    env = {**os.environ, "PATH": search_path(), "PULUMI_SKIP_UPDATE_CHECK": "true", **home}
    return subprocess.run(  # noqa: S603 - our own tool
        ["pulumi", *words],  # noqa: S607 - found on the project's PATH
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def test_no_log_is_kept(tmp_path: Path) -> None:
    """Neither in the user's home nor in the other one, of which nothing is left in the end."""
    home = tmp_path / "home"
    users = {"PULUMI_HOME": str(home)}
    pulumi(users, "version")
    before = list((home / "logs").iterdir())
    assert before, "the CLI keeps no log any more: nobody needs another home"
    with unlogged(users, tmp_path) as env:
        pulumi(env, "version")
        other = tmp_path / env["PULUMI_HOME"]
        assert (other / "logs").read_bytes() == b""
    assert list((home / "logs").iterdir()) == before
    assert not other.exists()


def test_all_else_is_the_users(tmp_path: Path) -> None:
    """Who is logged in, and what is written, though its folder was not there before."""
    (tmp_path / "backend").mkdir()
    users = {"PULUMI_HOME": "home"}
    with unlogged(users, tmp_path) as env:
        pulumi(env, "login", f"file://{tmp_path}/backend")
        (tmp_path / env["PULUMI_HOME"] / "plugins/new").mkdir()
    assert (tmp_path / "home/plugins/new").is_dir()
    assert (tmp_path / "home/credentials.json").is_file()
    assert f"{tmp_path}/backend" in pulumi({"PULUMI_HOME": str(tmp_path / "home")}, "whoami", "-v")
