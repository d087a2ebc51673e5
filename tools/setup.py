"""Set-up of a checkout, by the system's Python and with its standard library only.

    python3 -m tools.setup [--root DIR] [--table] [venv] [tools] [sdks]

venv makes `.venv`; tools finds or builds the Pulumi CLI with its Python language host, Consul and
consul-template; sdks adds the Pulumi SDKs that only tests need. What is there is not made again.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - not ours to choose: this runs before there is a venv
    sys.exit(
        f"set-up: {sys.executable} is Python {sys.version.split()[0]}; lictor needs 3.11 or newer\n"
        "  Install a newer one and name it: make PYTHON=python3.12 ..."
    )

import argparse
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tools import packages, process, programs

Job = Callable[[], None]
Row = tuple[str, str, str, str]


def main(argv: Sequence[str]) -> int:
    """Take the lock, see what is missing, make it, and tell what there is."""
    options = _options(argv)
    root = options.root.resolve()
    environ = {"CGO_ENABLED": "0", "GOWORK": "off", **os.environ}
    start = time.monotonic()
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)  # end as by Ctrl-C: stop the children first
    try:
        with _alone(root / ".tools"):
            process.sweep(root / ".tools")
            found = _set_up(root, set(options.wanted), environ)
    except process.Failed as error:
        process.say(f"set-up: {error}")
        return 1
    except KeyboardInterrupt:
        process.say("set-up: stopped")
        return 130
    if options.table:
        _print_table(found, root)
    else:
        process.say(f"set-up: everything is there ({time.monotonic() - start:.1f} s)")
    return 0


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tools.setup", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="the checkout")
    parser.add_argument("--table", action="store_true", help="print what was found where")
    parser.add_argument("wanted", nargs="+", choices=("venv", "tools", "sdks"))
    return parser.parse_args(argv)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the checkout's lock. The kernel drops it with its holder, however that ends."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            process.say(f"set-up: waiting for another set-up (pid {lock.read().strip()}) ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _set_up(root: Path, wanted: set[str], environ: dict[str, str]) -> list[programs.Found]:
    """See what is missing, refuse what cannot be made, make the rest side by side."""
    logs = root / ".tools/logs"
    logs.mkdir(exist_ok=True)
    runner = process.Runner(logs, environ)
    jobs = [_chain(_package_jobs(root, wanted, runner))]
    units = programs.units(root) if "tools" in wanted else ()
    found = _look(units, root, environ)
    missing = [unit for unit in units if unit.name not in found]
    if missing:
        programs.require_go(missing, environ)
        jobs.append(_chain([partial(programs.build, unit, root, runner) for unit in missing]))
        jobs.append(_chain([partial(programs.fetch, unit, runner) for unit in missing]))
    side_by_side(jobs, runner)
    found |= _look(missing, root, environ)
    for unit in missing:
        if unit.name not in found:
            raise process.Failed(f"{unit.name}: the build does not answer `{unit.name} --version`")
    programs.link(list(found.values()), root)
    _write_record(list(found.values()), root)
    return list(found.values())


def _package_jobs(root: Path, wanted: set[str], runner: process.Runner) -> list[Job]:
    """What pip has to do, in order: an overlay is installed by the venv's pip."""
    jobs: list[Job] = []
    if not wanted & {"venv", "sdks"}:
        return jobs
    project = packages.Project(root)
    if not packages.venv_ready(project):
        packages.require_venv()
        jobs.append(partial(packages.make_venv, project, runner))
    if "sdks" in wanted:
        jobs += [
            partial(packages.make_overlay, project, overlay, runner)
            for overlay in packages.overlays(project)
            if not packages.overlay_ready(project, overlay)
        ]
    return jobs


def _chain(jobs: Sequence[Job]) -> Job:
    def run() -> None:
        for job in jobs:
            job()

    return run


def side_by_side(jobs: Sequence[Job], runner: process.Runner) -> None:
    """Let pip wait for the network while Go compiles; the first failure ends all."""
    with ThreadPoolExecutor() as pool:
        try:
            for done in as_completed([pool.submit(job) for job in jobs]):
                done.result()
        except BaseException:
            runner.stop()
            raise


def _look(
    units: Sequence[programs.Unit], root: Path, environ: dict[str, str]
) -> dict[str, programs.Found]:
    """Find what can be found, in the units' order; the programs are asked side by side."""
    with ThreadPoolExecutor() as pool:
        answers = pool.map(lambda unit: programs.find(unit, root, environ), units)
    return {found.unit.name: found for found in answers if found is not None}


def _write_record(found: Sequence[programs.Found], root: Path) -> None:
    """Tell other programs of the checkout, which need not look again, by `.tools/tools.json`."""
    if not found:
        return
    record = {
        name: {"path": place, "version": version, "origin": origin}
        for name, version, origin, place in _program_rows(found, root)
    }
    place = root / ".tools/tools.json"
    fresh = place.with_suffix(".new")
    fresh.write_text(json.dumps(record, indent=1) + "\n")
    fresh.replace(place)


def _program_rows(found: Sequence[programs.Found], root: Path) -> list[Row]:
    """One row for each program; helper files are no programs. PATH's come with one version."""
    rows = []
    for unit in found:
        for module in sorted(unit.unit.modules, key=lambda module: module.program):
            name, built = module.program, unit.origin == "built"
            version = module.pin if built else unit.version
            place = root / ".tools/bin" / name if built else unit.paths[name]
            rows.append((name, str(version), unit.origin, str(place)))
    return sorted(rows)


def _package_rows(root: Path) -> list[Row]:
    """The Python side, as far as it has been made."""
    rows = []
    project = packages.Project(root)
    if packages.venv_ready(project):
        python = ".".join(map(str, sys.version_info[:3]))
        library = next((root / ".venv/lib").glob("python3*/site-packages"))
        rows.append(("python", python, "venv", str(root / ".venv/bin/python")))
        rows.append(("pulumi SDK", packages.installed(library, "pulumi"), "venv", str(library)))
    for overlay in packages.overlays(project):
        if packages.overlay_ready(project, overlay):
            name, version = overlay.requirement.split("==")
            title = f"{name} SDK" if name == "pulumi" else name
            rows.append((title, version, "overlay", str(packages.overlay_folder(project, overlay))))
    return rows


def _print_table(found: Sequence[programs.Found], root: Path) -> None:
    rows = [
        ("tool", "version", "origin", "path"),
        *_program_rows(found, root),
        *_package_rows(root),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        process.say("  ".join([*cells, row[3]]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
