"""Where the stack of files is at home: its name, its folder, its environment, its history."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.watch.engine import abode
from lictor.watch.engine.backends import without_password
from tests.fakes.path import search_path

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = "127.0.0.1:1"


def test_a_stack_is_named_after_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same ones, in any order and however they are written; others have another."""
    monkeypatch.chdir(tmp_path)
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    one, other = tmp_path / "web.hcl", tmp_path / "api.hcl"
    home = abode.find([one, other], env)
    relative = [path.relative_to(tmp_path) for path in (other, one, one)]
    assert abode.find(relative, env) == home
    assert home.stack.startswith("api-")
    assert home.folder == tmp_path / "state/lictor" / home.stack
    assert abode.find([one], env).stack != home.stack
    assert abode.find([one], env, stack="prod").stack == "prod"


def test_a_state_elsewhere_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """The stack is called the same on every host."""
    env = {"XDG_STATE_HOME": str(tmp_path)}
    here = abode.find([tmp_path / "web.hcl"], env)
    there = abode.find([tmp_path / "web.hcl"], env, url="s3://bucket")
    assert there.stack == here.stack
    assert there.folder != here.folder
    assert there.env["PULUMI_BACKEND_URL"] == "s3://bucket"
    assert "PULUMI_HOME" not in there.env, "the login of `pulumi login` is the user's"


def test_the_environment_is_of_no_other_stack(tmp_path: Path) -> None:
    """What is said of the user's own stacks does not count; the rest is left as it is."""
    env = {
        "XDG_STATE_HOME": str(tmp_path),
        "PULUMI_BACKEND_URL": "s3://own",
        "PULUMI_CONFIG_PASSPHRASE": "own",
        "PULUMI_STACK": "own",
        "AWS_PROFILE": "own",
    }
    home = abode.find([tmp_path / "web.hcl"], env)
    assert home.env["PULUMI_BACKEND_URL"] == f"file://{home.folder}/backend?metadata=skip"
    assert home.env["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(home.folder / "passphrase")
    assert home.env["AWS_PROFILE"] == "own"
    assert not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK"} & set(home.env)


@pytest.mark.parametrize("named", ["", "relative/folder"])
def test_the_default_is_the_homes(tmp_path: Path, named: str) -> None:
    """A relative XDG_STATE_HOME is none."""
    home = abode.find([tmp_path / "web.hcl"], {"XDG_STATE_HOME": named})
    assert home.folder.parent.parts[-3:] == (".local", "state", "lictor")


@pytest.mark.parametrize("name", ["a/b", "a b", "..", "ü"])
def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    """It would be a path, or nothing that Pulumi takes."""
    with pytest.raises(errors.SettingsError, match="--stack: expected"):
        abode.find([tmp_path / "web.hcl"], {}, stack=name)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Which one, and what to do."""
    (tmp_path / "lictor").write_text("a file")
    home = abode.find([tmp_path / "web.hcl"], {"XDG_STATE_HOME": str(tmp_path)})
    with pytest.raises(errors.SettingsError, match=r"cannot be written: .*XDG_STATE_HOME"):
        home.settle()


@pytest.mark.parametrize(
    ("name", "there"),
    [("{}.json", True), ("{}.json.gz", True), ("{}.json.bak", False), ("other.json", False)],
)
def test_a_stack_is_there(tmp_path: Path, name: str, there: bool) -> None:  # noqa: FBT001 - a case
    """Packed or not; what `pulumi stack rm` leaves behind is none."""
    home = abode.find([tmp_path / "web.hcl"], {"XDG_STATE_HOME": str(tmp_path)})
    stacks = home.folder / f"backend/.pulumi/stacks/{abode.PROJECT}"
    stacks.mkdir(parents=True)
    (stacks / name.format(home.stack)).touch()
    assert home.exists is there


def test_a_backend_that_does_not_tell(tmp_path: Path) -> None:
    """Only one that says that there is no such stack has none; a failure is no answer."""
    (tmp_path / "backend").mkdir()
    env = {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "PATH": search_path(),
        "HOME": str(tmp_path),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    home = abode.find([tmp_path / "web.hcl"], env, url=f"file://{tmp_path}/backend")
    assert not home.laid_out
    home.lay_out()
    assert not home.exists
    url = f"postgres://ops:hunter2@{NOWHERE}/db?sslpassword=hunter2"
    broken = abode.find([tmp_path / "web.hcl"], env, url=url)
    with pytest.raises(errors.EngineError, match="cannot be looked for in postgres") as caught:
        broken.settle()
    assert NOWHERE in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("postgres://a:b@host/db?x=1", "postgres://host/db?x=1"),
        ("https://user:p/w@d@api.example.com", "https://api.example.com"),
        ("postgres://h/db?sslpassword=a&x=1", "postgres://h/db?sslpassword=...&x=1"),
        ('cannot open "postgres://a:b@h/db": refused', 'cannot open "postgres://h/db": refused'),
        ("s3://bucket/a@b?region=us-west-2", "s3://bucket/a@b?region=us-west-2"),
        ("file:///home/me@work/state", "file:///home/me@work/state"),
    ],
)
def test_a_backend_is_named_without_its_password(text: str, said: str) -> None:
    """In errors, and as the value of the watchers' lock, which many may read."""
    assert without_password(text) == said


def test_the_history_keeps_the_last_runs(tmp_path: Path) -> None:
    """By the time in their names, all files of a run together; what is nothing of it stays."""
    home = abode.find([tmp_path / "web.hcl"], {"XDG_STATE_HOME": str(tmp_path)})
    history = home.folder / f"backend/.pulumi/history/{abode.PROJECT}/{home.stack}"
    history.mkdir(parents=True)
    for number in range(abode.RUNS + 20):
        for suffix in ("history.json", "checkpoint.json", "checkpoint.json.attrs"):
            (history / f"{home.stack}-{10**18 + number}.{suffix}").touch()
    (history / "notes.txt").touch()
    home.prune()
    left = {path.name.split(".")[0].rpartition("-")[2] for path in history.glob("*.json*")}
    assert left == {str(10**18 + number) for number in range(20, abode.RUNS + 20)}
    assert (history / "notes.txt").exists()
    assert len(list(history.iterdir())) == 3 * abode.RUNS + 1
    home.prune()
    assert len(list(history.iterdir())) == 3 * abode.RUNS + 1


def test_folders_are_the_users_alone(tmp_path: Path) -> None:
    """Others look into none of them; a passphrase that is there stays."""
    home = abode.find([tmp_path / "web.hcl"], {"XDG_STATE_HOME": str(tmp_path / "state")})
    backend = home.folder / f"backend/.pulumi/stacks/{abode.PROJECT}"
    backend.mkdir(parents=True)
    (backend / f"{home.stack}.json").write_text("{}")
    home.settle()
    passphrase = home.folder / "passphrase"
    assert stat.S_IMODE(passphrase.stat().st_mode) == 0o600
    assert stat.S_IMODE((home.folder / "project").stat().st_mode) == 0o700
    text = passphrase.read_text()
    home.settle()
    assert passphrase.read_text() == text
    assert [path.name for path in home.folder.glob("passphrase*")] == ["passphrase"]
