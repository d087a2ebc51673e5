"""The component's steps: checked by shellcheck, and run in a scratch root with a local archive."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest
import yaml  # type: ignore[import-untyped]

from lictor.servers import baking
from lictor.servers.baking import Architecture, Release
from tests.fakes.machine import Machine, shellcheck

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = Release("1.22.5", "0" * 64)
CONSUL = "#!/bin/sh\necho 'Consul v1.22.5'\n"


def steps(document: str) -> dict[str, str]:
    """Read a component's document as Image Builder does: phase -> its script."""
    read = yaml.safe_load(document)
    assert read["schemaVersion"] == 1.0
    found = {}
    for phase in read["phases"]:
        (step,) = phase["steps"]
        assert step["action"] == "ExecuteBash"
        (found[phase["name"]],) = step["inputs"]["commands"]
    return found


def release(folder: Path, *, said: str = CONSUL, sha256: str = "") -> Release:
    """Make an archive as HashiCorp does, and name it."""
    path = folder / "consul.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("LICENSE.txt", "...")
        archive.writestr("consul", said)
    digest = sha256 or hashlib.sha256(path.read_bytes()).hexdigest()
    return Release("1.22.5", digest, url=path.as_uri())


@pytest.mark.parametrize("phase", ["build", "validate"])
def test_shellcheck_is_content(phase: str) -> None:
    """With what a user may put in, too."""
    for each in (RELEASE, Release("1.22.5+ent", "f" * 64, Architecture.ARM64, "file:///a b'c")):
        assert shellcheck(steps(baking.document(each))[phase]) == ""


def test_consul_is_installed_and_left_alone(tmp_path: Path) -> None:
    """Program, unit, folders; neither started nor enabled."""
    machine = Machine(tmp_path / "root")
    commands = steps(baking.document(release(tmp_path)))
    machine.boot(commands["build"]).ok()
    program = machine.root / "usr/local/bin/consul"
    assert program.read_text() == CONSUL
    assert program.stat().st_mode & 0o777 == 0o755
    unit = (machine.root / "etc/systemd/system/consul.service").read_text()
    assert "ExecStart=/usr/local/bin/consul agent -config-dir=/etc/consul.d" in unit
    assert "ExecReload=/bin/kill --signal HUP $MAINPID" in unit
    assert (machine.root / "etc/consul.d").stat().st_mode & 0o777 == 0o750
    machine.boot(commands["validate"]).ok()
    assert [call for call in machine.calls if "start" in call or "enable " in call] == []
    assert any(call.startswith("useradd --system") for call in machine.calls)


def test_an_archive_that_is_another_one(tmp_path: Path) -> None:
    """Nothing of it is installed."""
    machine = Machine(tmp_path / "root")
    commands = steps(baking.document(release(tmp_path, sha256="a" * 64)))
    run = machine.boot(commands["build"])
    assert run.code == 1
    assert "is not the archive that was asked for: its checksum is another one" in run.text
    assert not (machine.root / "usr").exists()


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    """The place is named."""
    machine = Machine(tmp_path / "root")
    missing = Release("1.22.5", "a" * 64, url=(tmp_path / "none.zip").as_uri())
    run = machine.boot(steps(baking.document(missing))["build"])
    assert run.code == 1
    assert "none.zip cannot be downloaded" in run.text


@pytest.mark.parametrize(
    ("said", "systemctl", "problem"),
    [
        ("#!/bin/sh\necho 'Consul v1.22.6'\n", "exit 1", "expected Consul v1.22.5, found"),
        (CONSUL, 'case "$*" in *is-enabled*) ;; *) exit 1 ;; esac', "the service is enabled"),
        (CONSUL, 'case "$*" in *is-active*) ;; *) exit 1 ;; esac', "the service runs"),
    ],
)
def test_an_image_that_is_not_as_it_should_be(
    tmp_path: Path, said: str, systemctl: str, problem: str
) -> None:
    """The second step tells, and Image Builder throws the image away."""
    machine = Machine(tmp_path / "root")
    commands = steps(baking.document(release(tmp_path, said=said)))
    machine.boot(commands["build"]).ok()
    machine.install("systemctl", f"#!/bin/sh\n{systemctl}\n")
    run = machine.boot(commands["validate"])
    assert run.code == 1
    assert f"lictor: {problem}" in run.text


def test_where_archives_come_from() -> None:
    """HashiCorp's place, by version and processor, unless another one is named."""
    assert RELEASE.archive == (
        "https://releases.hashicorp.com/consul/1.22.5/consul_1.22.5_linux_amd64.zip"
    )
    arm = Release("1.22.5+ent", "0" * 64, Architecture.ARM64)
    assert arm.archive.endswith("/1.22.5+ent/consul_1.22.5+ent_linux_arm64.zip")
    assert arm.number == "1.22.5"
    assert Release("1.22.5", "0" * 64, url="https://mirror/c.zip").archive == "https://mirror/c.zip"


def test_parent_images() -> None:
    """Amazon Linux 2023 of the region, whatever partition that is in."""
    arn = baking.parent_image(Architecture.ARM64, "eu-west-1")
    assert arn == "arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-2023-arm64/x.x.x"
    assert baking.parent_image(Architecture.X86_64, "cn-north-1").startswith("arn:aws-cn:")
    assert baking.parent_image(Architecture.X86_64, "us-gov-west-1").startswith("arn:aws-us-gov:")


def test_what_differs_is_called_otherwise() -> None:
    """A version of a component or recipe cannot be made twice."""
    same = baking.unique("main", baking.document(RELEASE))
    assert same == baking.unique("main", baking.document(RELEASE))
    assert same != baking.unique("main", baking.document(Release("1.22.5", "1" * 64)))
    assert baking.unique("main", "a", "b") != baking.unique("main", "ab")


@pytest.mark.parametrize("version", ["1.22.5", "1.22.5+ent", "1.23.0-rc1", "1.22.5+ent.fips1403"])
def test_versions(version: str) -> None:
    """As HashiCorp writes them."""
    assert baking.version_refusal(version) is None


@pytest.mark.parametrize("version", ["latest", "v1.22.5", "1.22", "", "1.22.5; rm -rf /"])
def test_versions_that_are_none(version: str) -> None:
    """A pin is a release."""
    assert "expected a release such as 1.22.5" in str(baking.version_refusal(version))


@pytest.mark.parametrize("sha256", ["", "abc", "A" * 64, "0" * 63])
def test_checksums_that_are_none(sha256: str) -> None:
    """As they stand in SHA256SUMS."""
    assert "expected 64 hexadecimal digits" in str(baking.sha256_refusal(sha256))
