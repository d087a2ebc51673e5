"""The parts of set-up that need no program: versions, what is installed, children, the tree."""

import ast
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tools import check_tree, packages, process, programs, setup
from tools.programs import Version

HERE = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("v3.259.0\n", Version(3, 259, 0)),
        ("Consul v1.22.5+ent\nRevision 1a2b3c4\nBuild Date 2026-01-01", Version(1, 22, 5)),
        ("consul-template v0.41.1 (f1e2d3)", Version(0, 41, 1)),
        ("v3.260.0-alpha.1759", Version(3, 260, 0, final=False)),
        ("go version go1.26.8 linux/amd64", Version(1, 26, 8)),
        ("go version go1.27rc1 linux/arm64", Version(1, 27, 0, final=False)),
        ("command not found", None),
        ("", None),
    ],
)
def test_reading_a_version(said: str, version: Version | None) -> None:
    """Each program words it in its own way."""
    assert Version.find(said) == version


def test_order_of_versions() -> None:
    """Numbers count as numbers, and a pre-release stands before its release."""
    said = ["v1.22.0-dev", "v1.22.0", "v1.22.10", "v1.100.0", "v2.0.0"]
    versions = [found for text in said if (found := Version.find(text))]
    assert len(versions) == len(said)
    assert versions == sorted(versions)


def test_pins_come_from_go_mod() -> None:
    """Every program has a pin, and the helper files come from the SDK that the CLI has."""
    for unit in programs.units(HERE):
        assert unit.main.pin >= unit.oldest
        assert f" {unit.main.pin}" in unit.main.text
        assert len(unit.files) == len(set(unit.files))
    pulumi = next(unit for unit in programs.units(HERE) if unit.name == "pulumi")
    assert f"{programs.SDK} {pulumi.main.pin}" in pulumi.main.text
    assert f"pulumi=={pulumi.oldest.major}.{pulumi.oldest.minor}" in {
        overlay.requirement for overlay in packages.overlays(packages.Project(HERE))
    }


def make_project(root: Path, pyproject: str = "", constraints: str = "") -> packages.Project:
    """Write a checkout's two files."""
    base = '[project]\nname = "x"\ndependencies = ["boto3", "pulumi>=3.1,<4"]\n'
    (root / "pyproject.toml").write_text(base + pyproject)
    (root / "constraints.txt").write_text(constraints or "pulumi==3.9.0\nPulumi_AWS==7.5.1\n")
    return packages.Project(root)


def finish(project: packages.Project) -> None:
    """Write what a finished set-up leaves of `.venv`."""
    python = project.root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    packages.venv_stamp(project).write_text(packages.venv_mark(project))


def test_a_venv_without_its_stamp_is_half_made(tmp_path: Path) -> None:
    """The stamp is written last."""
    project = make_project(tmp_path)
    finish(project)
    assert packages.venv_ready(project)
    packages.venv_stamp(project).unlink()
    assert not packages.venv_ready(project)


def test_a_venv_whose_python_is_gone_is_not_ready(tmp_path: Path) -> None:
    """The system's Python was exchanged for another."""
    project = make_project(tmp_path)
    finish(project)
    python = tmp_path / ".venv/bin/python"
    python.unlink()
    python.symlink_to(tmp_path / "no/python3.11")
    assert not packages.venv_ready(project)


@pytest.mark.parametrize(
    ("pyproject", "constraints"),
    [
        ('[dependency-groups]\ndev = ["ruff"]\n', ""),
        ('[project.scripts]\nx = "x:main"\n', ""),
        ("", "pulumi==3.9.1\n"),
    ],
    ids=["another dependency", "another script", "another pin"],
)
def test_what_is_installed_follows_the_files(
    tmp_path: Path, pyproject: str, constraints: str
) -> None:
    """Whatever pip would act upon makes the venv stale."""
    finish(make_project(tmp_path))
    assert not packages.venv_ready(make_project(tmp_path, pyproject, constraints))


def test_a_linters_setting_installs_nothing(tmp_path: Path) -> None:
    """Nor does a comment among the pins."""
    finish(make_project(tmp_path))
    pins = "# newer\npulumi==3.9.0\nPulumi_AWS==7.5.1\n"
    assert packages.venv_ready(make_project(tmp_path, "[tool.ruff]\nline-length = 100\n", pins))


def test_overlays_follow_the_one_place_that_states_a_version(tmp_path: Path) -> None:
    """The lowest SDK is the dependency's floor, pulumi-aws is pinned among the constraints."""
    project = make_project(tmp_path)
    lowest, aws = packages.overlays(project)
    assert lowest.requirement == "pulumi==3.1"
    assert aws.requirement == "pulumi-aws==7.5.1"
    assert not packages.overlay_ready(project, lowest)
    folder = packages.overlay_folder(project, lowest)
    folder.mkdir(parents=True)
    (folder / ".requirement").write_text("pulumi==3.1")
    assert packages.overlay_ready(project, lowest)
    (folder / ".requirement").write_text("pulumi==3.0")
    assert not packages.overlay_ready(project, lowest)


def test_a_long_command_shows_that_it_lives(tmp_path: Path) -> None:
    """A line when it starts, one now and then with the last of its output, one at its end."""
    os.mkfifo(tmp_path / "gate")
    code = (
        "from pathlib import Path; from tools.process import Runner; import os;"
        f"here = Path({str(tmp_path)!r});"
        "Runner(here, os.environ, beat=0.02)"
        ".run('consul', 'building', ['sh', '-c', 'echo some/package; read x <gate'], here)"
    )
    with subprocess.Popen(  # noqa: S603 - written above
        [sys.executable, "-c", code], cwd=HERE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        lines = iter(child.stdout)
        assert next(lines) == "consul: building ...\n"
        assert "consul: building ... 0 s (1: some/package)\n" in lines
        (tmp_path / "gate").write_text("go on\n")
        *_, last = lines
    assert last == "consul: building done in 0 s\n"


def test_the_first_failure_ends_the_rest(tmp_path: Path) -> None:
    """Nobody waits eight minutes for a build before hearing that pip has failed."""
    os.mkfifo(tmp_path / "gate")
    runner = process.Runner(tmp_path, os.environ)
    started = threading.Event()

    def endless() -> None:
        started.set()
        runner.run("consul", "building", ["sh", "-c", "read x <gate"], tmp_path)

    def failing() -> None:
        started.wait()
        runner.run("packages", "installing", ["sh", "-c", "echo no index; exit 3"], tmp_path)

    with pytest.raises(process.Failed, match=r"(?s)packages: installing failed.*no index"):
        setup.side_by_side([endless, failing], runner)


def test_a_command_that_does_not_start(tmp_path: Path) -> None:
    """Its name stands in the message, not a traceback."""
    with pytest.raises(process.Failed, match="no-such-program does not start"):
        process.Runner(tmp_path, os.environ).run("x", "making", ["no-such-program"], tmp_path)


def test_an_old_python_can_read_what_refuses_it() -> None:
    """Up to the refusal nothing may fail, and the whole file must parse."""
    text = (HERE / "tools/setup.py").read_text()
    tree = ast.parse(text, feature_version=(3, 7))
    first = next(node for node in tree.body if not isinstance(node, ast.Expr | ast.Import))
    assert isinstance(first, ast.If)
    assert "(3, 11)" in ast.unparse(first.test)


@pytest.mark.parametrize(
    "line",
    [
        "--index" + "-url https://mirror.example/simple",
        "GOPROXY=https://proxy." + "golang.org",
        "cd /" + "root/lictor",
        'path = "/' + 'home/someone/x"',
        "key AKIA" + "QWERTYUIOPASDFGH",
        "-----BEGIN EC " + "PRIVATE KEY-----",
    ],
)
def test_what_must_not_be_in_the_tree(line: str) -> None:
    """Each rule finds its case, and says where it stands."""
    (fault,) = check_tree.faults("file.txt", f"fine\n{line}\n".encode())
    assert fault.startswith("file.txt:2: ")


@pytest.mark.parametrize(
    "line",
    ["see https://example.org/home/page", "$HOME/work/x", "AKIAIOSFODNN7EXAMPLE", "./root/x"],
)
def test_what_may_be_in_the_tree(line: str) -> None:
    """The rules leave alone what only looks alike."""
    assert check_tree.faults("file.txt", line.encode()) == []
