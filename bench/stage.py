"""What most benchmarks stand on: Consul, AWS, fleets and stacks, and a clock."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes import consul as consuls
from tests.fakes.aws import process
from tests.fakes.path import ROOT
from tests.fakes.pulumi import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul
    from tests.fakes.pulumi import Run

_TOUCHED = 7
"""The instance whose check is changed."""
_PER_TARGET = "from bench.per_target import declare\n\ndeclare()\n"
_QUIET = 3.0
"""Seconds of silence after which a watch has come to rest."""


@dataclass(frozen=True)
class Stage:
    """One Consul and one AWS stand-in for all rows of a table.

    Attributes:
        aws: Its targets are healthy at once and do not drain.
        consul: A Consul without ACLs.
        folder: Where stacks may lie.
    """

    aws: StandIn
    consul: Consul
    folder: Path

    def fleet(self, service: str, size: int) -> None:
        """Register so many instances of a service."""
        self.register(service, self.aws.create_instances(size))

    def register(self, service: str, instances: Sequence[tuple[str, str]]) -> None:
        """Register a service on instances: ids and addresses."""
        for number, (ident, address) in enumerate(instances):
            meta = {"instance-id": ident}
            self.consul.register(service, f"{service}-{number}", address, node_meta=meta)

    def touch(self, service: str, sample: int) -> None:
        """Take one instance out of service, or the next time put it back."""
        status = "passing" if sample % 2 else "critical"
        self.consul.check(service, f"{service}-{_TOUCHED}", status)

    def stack(self, name: str, program: str | None = None, *, s3: bool = False) -> Stack:
        """Lay out a stack; without a program of its own it runs the repository's.

        Args:
            name: Of it, and with `s3` of the bucket that has its state.
            program: Its program.
            s3: Whether its state lies in S3, not in a folder.
        """
        env = {**self.aws.environment(), "PYTHONPATH": str(ROOT), "CONSUL_URL": self.consul.url}
        if s3:
            region = self.aws.region
            place = {"LocationConstraint": region}
            self.aws.boto3("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)
            where = f"endpoint={self.aws.url}&s3ForcePathStyle=true&region={region}"
            env["PULUMI_BACKEND_URL"] = f"s3://{name}?{where}"
        return Stack(self.folder / name, env).create(program)

    def saved(self, stack: Stack) -> Callable[[], tuple[float, bytes]]:
        """Return what reads a stack's state, and tells since when it is so at the latest."""
        key = f".pulumi/stacks/{stack.name}/dev.json"
        if "PULUMI_BACKEND_URL" not in stack.env:
            return partial(_of_file, stack.folder / "backend" / key)
        return partial(_of_object, self.aws.boto3("s3"), stack.folder.name, key)

    def attach(
        self,
        name: str,
        *services: str,
        target_type: str = "instance",
        s3: bool = False,
        **more: Any,  # noqa: ANN401 - JSON
    ) -> Stack:
        """Lay out a stack of lictor's with a group for each service, called `NAME-N`."""
        stack = self.stack(name, s3=s3)
        groups: list[dict[str, Any]] = []
        for number, service in enumerate(services):
            called = f"{name}-{number}"
            arn = self.aws.create_group(called, target_type)
            groups.append({"name": called, "targetGroupArn": arn, "service": service, **more})
        stack.configure({"consul:address": self.consul.address, "lictor:targetGroups": groups})
        return stack

    def per_target(self, name: str, service: str) -> tuple[Stack, str]:
        """Lay out a stack of `bench.per_target`; return it and its group."""
        stack, arn = self.stack(name, _PER_TARGET), self.aws.create_group(name)
        stack.configure({"bench:arn": arn, "bench:service": service})
        return stack, arn


def _of_file(path: Path) -> tuple[float, bytes]:
    with path.open("rb") as file:
        return os.fstat(file.fileno()).st_mtime, file.read()


def _of_object(s3: Any, bucket: str, key: str) -> tuple[float, bytes]:  # noqa: ANN401 - boto3's
    """Read an object. S3 tells its time in whole seconds, so it is the reading's."""
    now = time.time()  # noqa: TID251 - beside the times of the call log
    return now, s3.get_object(Bucket=bucket, Key=key)["Body"].read()


@contextmanager
def stage() -> Iterator[Stage]:
    """Run Consul and AWS until the block ends."""
    with (
        process.start("--initial", "0", "--draining", "0") as aws,
        consuls.start() as consul,
        tempfile.TemporaryDirectory() as folder,
    ):
        yield Stage(aws, consul, Path(folder))


@contextmanager
def watching(stack: Stack) -> Iterator[int]:
    """Run `lictor watch` until the block ends, which begins when it has come to rest."""
    log = stack.folder / "watch.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "lictor", "watch", "--stack", "dev"],
            cwd=stack.project,
            env=stack.environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        seen = 0
        while (size := log.stat().st_size) > seen or not size:
            assert process.poll() is None, log.read_text()  # noqa: S101 - a bench of nothing
            seen = size
            time.sleep(_QUIET)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def timed(stack: Stack, *command: str) -> tuple[float, Run]:
    """Run a command of the CLI; return its seconds."""
    start = time.perf_counter()
    run = stack.run(*command, "--stack", "dev", timeout=540)
    return time.perf_counter() - start, run.ok()


UP = ("up", "--yes", "--skip-preview")
