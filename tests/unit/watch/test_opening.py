"""What the CLI is asked before files have an engine: each command may be a long way to a bucket."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lictor.watch.engine import abode
from lictor.watch.opening import About, opened
from tests.fakes.remotes import ARN

_FILE = f"""\
target_group "{ARN}" {{
  service = "web"
}}
"""
_CLI = """\
#!/bin/sh
echo "$1 $2" >> {asked}
test "$2" = init || test -e {stack} || {{ echo "error: no stack named 'x' found" >&2; exit 1; }}
"""


class Host:
    """A host with files whose state is elsewhere, and with a CLI that notes what it is asked.

    Attributes:
        about: The files.
        states: Where the host keeps what it has of stacks.
        stack: There when the backend has the stack.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin without the stack, on a host that never ran it."""
        files = folder / "web.hcl"
        files.write_text(_FILE)
        self.about = About(folder, files=(files,), state="s3://bucket")
        self.states, self.stack, self._asked = (folder / name for name in ("own", "stack", "asked"))
        (folder / "bin").mkdir()
        cli = folder / "bin/pulumi"
        cli.write_text(_CLI.format(asked=self._asked, stack=self.stack))
        cli.chmod(0o755)
        monkeypatch.setenv("PATH", f"{cli.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("XDG_STATE_HOME", str(self.states))

    def open(self, *, dry: bool) -> list[str]:
        """Open the files; return the first words of each command of the CLI's."""
        with opened(self.about, dry=dry) as engine:
            assert (engine.project.folder / "Pulumi.yaml").exists()
            assert Path(engine.env["PULUMI_CONFIG_PASSPHRASE_FILE"]).exists()
        return self._asked.read_text().splitlines()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Have a host that never ran the stack, which is nowhere."""
    return Host(tmp_path, monkeypatch)


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize("known", [True, False], ids=["known here", "new here"])
@pytest.mark.parametrize("there", [True, False], ids=["there", "nowhere"])
def test_a_backend_is_asked_once(host: Host, *, there: bool, known: bool, dry: bool) -> None:
    """Whether this host ran the stack before or not; a preview leaves nothing where it did not."""
    if known:
        about = host.about
        abode.find(about.files, os.environ, url=about.state).lay_out()
    if there:
        host.stack.touch()
    assert host.open(dry=dry) == ["stack export", *([] if there else ["stack init"])]
    assert host.states.exists() is (known or not dry)
