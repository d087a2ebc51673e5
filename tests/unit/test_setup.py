"""Set-up finds or builds the programs: real processes, with a stand-in for Go on PATH."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.fakes.checkout import Checkout, make_checkout

OLD, RECENT = "v0.1.0", "v99.1.2"
ALL = ["consul", "consul-template", "pulumi", "pulumi-language-python"]
pytestmark = pytest.mark.timeout(20)  # a set-up that does not come to its build is a failure


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Give a checkout on which no set-up has run."""
    return make_checkout(tmp_path)


def test_recent_programs_on_path_are_taken(checkout: Checkout) -> None:
    """Nothing is built, and Go is not asked for, when PATH has all."""
    for unit in checkout.units:
        checkout.install(unit, RECENT)
    done = checkout.run()
    assert done.returncode == 0, done.stdout
    assert {entry["origin"] for entry in checkout.record.values()} == {"PATH"}
    assert {entry["version"] for entry in checkout.record.values()} == {RECENT}
    assert sorted(checkout.record) == ALL
    for name in (*ALL, "pulumi-language-python-exec", "pulumi-resource-pulumi-python"):
        assert checkout.used(name) == checkout.path / name


def test_the_oldest_release_that_is_recent_enough(checkout: Checkout) -> None:
    """The pin's minor release is enough: its patches are not asked for."""
    for name, unit in checkout.units.items():
        checkout.install(name, f"{unit.main.pin.major}.{unit.main.pin.minor}.0")
    assert checkout.run().returncode == 0
    assert {entry["origin"] for entry in checkout.record.values()} == {"PATH"}


def test_an_old_program_is_passed_over_and_built(checkout: Checkout) -> None:
    """The pinned version is built, and what `.tools/bin` leads to is that one."""
    checkout.install("consul", OLD)
    checkout.install("consul-template", RECENT)
    checkout.install("pulumi", RECENT)
    checkout.install_go()
    done = checkout.run()
    assert done.returncode == 0, done.stdout
    assert checkout.builds == ["consul"]
    pin = str(checkout.units["consul"].main.pin)
    assert checkout.record["consul"] == {
        "path": str(checkout.root / ".tools/bin/consul"),
        "version": pin,
        "origin": "built",
    }
    said = subprocess.check_output([checkout.used("consul")], text=True)  # noqa: S603 - just made
    assert said.strip() == pin
    assert checkout.record["pulumi"]["origin"] == "PATH"


def test_a_recent_program_behind_an_old_one_is_taken(checkout: Checkout) -> None:
    """The first on PATH that is recent enough wins, not the first."""
    for unit in checkout.units:
        checkout.install(unit, OLD)
        checkout.install(unit, RECENT, folder="later")
    assert checkout.run().returncode == 0
    assert checkout.used("consul") == checkout.path / "later/consul"
    assert checkout.used("pulumi-language-python") == checkout.path / "later/pulumi-language-python"


@pytest.mark.parametrize(
    "text",
    ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho hello\n", "no program\n", "#!/no/such/shell\n"],
    ids=["fails", "says no version", "is no program", "does not start"],
)
def test_a_program_that_does_not_answer_is_passed_over(checkout: Checkout, text: str) -> None:
    """A name on PATH is no proof."""
    for unit in checkout.units:
        checkout.install(unit, RECENT)
    checkout.put("consul", text)
    checkout.install_go()
    assert checkout.run().returncode == 0
    assert checkout.builds == ["consul"]


@pytest.mark.parametrize("lacking", ["pulumi-language-python", "pulumi-language-python-exec"])
def test_pulumi_without_its_language_host_is_built(checkout: Checkout, lacking: str) -> None:
    """The CLI warns of a host that is not beside it, so both come from one place."""
    for unit in checkout.units:
        checkout.install(unit, RECENT)
    (checkout.path / lacking).unlink()
    checkout.install_go()
    assert checkout.run().returncode == 0
    assert sorted(checkout.builds) == ["pulumi", "pulumi-language-python"]
    folders = {checkout.used(name).parent for name in checkout.units["pulumi"].files}
    assert len(folders) == 1
    assert checkout.used("pulumi-resource-pulumi-python").stat().st_mode & 0o111


def test_what_is_there_is_not_built_again(checkout: Checkout) -> None:
    """The second run starts no build, and a program installed since then is preferred."""
    checkout.install_go()
    assert checkout.run().returncode == 0
    assert sorted(checkout.builds) == ALL
    assert checkout.run().returncode == 0
    assert sorted(checkout.builds) == ALL
    checkout.install("consul", RECENT)
    assert checkout.run().returncode == 0
    assert checkout.used("consul") == checkout.path / "consul"
    (checkout.path / "consul").unlink()
    assert checkout.run().returncode == 0
    assert checkout.record["consul"]["origin"] == "built"
    assert sorted(checkout.builds) == ALL


def test_a_changed_pin_builds_that_program_only(checkout: Checkout) -> None:
    """The finished build of another pin is not taken, and does not stay."""
    checkout.install_go()
    assert checkout.run().returncode == 0
    before = checkout.finished
    with (checkout.root / "tools/consul/go.sum").open("a") as sums:
        sums.write("example.org/new v1.0.0 h1:sum\n")
    assert checkout.run().returncode == 0
    assert checkout.builds.count("consul") == 2
    assert len(checkout.builds) == len(ALL) + 1
    assert len(checkout.finished) == len(before)
    assert checkout.finished != before


def test_a_damaged_build_is_built_again(checkout: Checkout) -> None:
    """A file that was cut off does not tell its version, so it does not count."""
    checkout.install_go()
    assert checkout.run().returncode == 0
    checkout.used("consul").write_bytes(b"")
    assert checkout.run().returncode == 0
    assert checkout.builds.count("consul") == 2


def test_own_programs_on_path_are_not_taken_for_the_users(checkout: Checkout) -> None:
    """A shell with `.tools/bin` on PATH, or a link to it, must not make links in a circle."""
    checkout.install_go()
    assert checkout.run().returncode == 0
    (checkout.path / "consul").symlink_to(checkout.root / ".tools/bin/consul")
    assert checkout.run().returncode == 0
    assert checkout.record["consul"]["origin"] == "built"
    assert checkout.used("consul").is_file()


def test_the_table(checkout: Checkout) -> None:
    """`make tools` tells what was found where and in which version."""
    checkout.install_go()
    checkout.install("consul", RECENT)
    done = checkout.run("--table", "tools")
    rows = [line.split() for line in done.stdout.splitlines()]
    pin = str(checkout.units["pulumi"].main.pin)
    assert ["consul", RECENT, "PATH", str(checkout.path / "consul")] in rows
    assert ["pulumi", pin, "built", str(checkout.root / ".tools/bin/pulumi")] in rows


def test_two_at_once_build_once(checkout: Checkout) -> None:
    """The second waits, says for whom, and finds everything there."""
    checkout.install_go()
    checkout.hold_builds()
    with checkout.start() as first:
        (checkout.path / "started").read_text()
        with checkout.start() as second:
            assert second.stdout is not None
            waiting = second.stdout.readline()
            assert waiting == f"set-up: waiting for another set-up (pid {first.pid}) ...\n"
            checkout.release_builds()
            assert "building" not in second.communicate()[0]
        first.communicate()
    assert (first.returncode, second.returncode) == (0, 0)
    assert sorted(checkout.builds) == ALL


def test_a_failed_build_tells_which_and_the_way_out(checkout: Checkout) -> None:
    """The program, the last lines, the official installer, and nothing half made."""
    for unit in ("pulumi", "consul-template"):
        checkout.install(unit, RECENT)
    checkout.install_go()
    (checkout.path / "broken").touch()
    done = checkout.run()
    assert done.returncode == 1
    assert "consul: building failed" in done.stdout
    assert "    broken.go:1:1: this cannot compile" in done.stdout
    assert "https://developer.hashicorp.com/consul/install" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert list((checkout.root / ".tools/built").iterdir()) == []


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_set_up_leaves_nothing_that_looks_finished(
    checkout: Checkout, sign: signal.Signals
) -> None:
    """The next run starts over and succeeds, and clears away what was left."""
    checkout.install_go()
    checkout.hold_builds()
    with checkout.start() as killed:
        (checkout.path / "started").read_text()
        killed.send_signal(sign)
        killed.communicate()
    assert killed.returncode != 0
    assert checkout.finished == []
    if sign == signal.SIGKILL:  # nobody could end the build: it goes on, into the void
        checkout.release_builds()
    else:
        (checkout.path / "gate").unlink()
    assert checkout.run().returncode == 0
    assert len(checkout.finished) == len(checkout.units)
    assert list((checkout.root / ".tools/built").glob(".*")) == []


def test_a_stopped_set_up_stops_its_build(checkout: Checkout) -> None:
    """After Ctrl-C or a CI's time limit no compiler goes on in the background."""
    checkout.install_go()
    checkout.hold_builds()
    with checkout.start() as stopped:
        (checkout.path / "started").read_text()
        stopped.terminate()
        assert "set-up: stopped" in stopped.communicate()[0]
    with pytest.raises(OSError, match="No such device or address"):  # nobody waits at the gate
        os.open(checkout.path / "gate", os.O_WRONLY | os.O_NONBLOCK)


def test_missing_go_names_every_way_out(checkout: Checkout) -> None:
    """Before anything is started, and with the versions that are needed."""
    checkout.install("consul-template", RECENT)
    done = checkout.run()
    assert done.returncode == 1
    units = checkout.units
    assert f"consul >= {units['consul'].oldest}" in done.stdout
    assert f"needs Go {units['pulumi'].modules[1].go} or newer" in done.stdout
    assert "there is no `go` on PATH" in done.stdout
    for name in ("pulumi", "consul"):
        assert f"    {name}: {units[name].installer}" in done.stdout
    assert units["consul-template"].installer not in done.stdout
    assert "building" not in done.stdout


def test_an_old_go_is_refused(checkout: Checkout) -> None:
    """A Go that is too old, and may fetch no newer one, would fail with a riddle."""
    checkout.install_go(version="go1.19.4")
    done = checkout.run()
    assert done.returncode == 1
    assert "go version go1.19.4" in done.stdout
    assert checkout.builds == []
