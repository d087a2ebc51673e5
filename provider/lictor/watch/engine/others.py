"""The user's own dynamic resources, served by the SDK's host as under the plain CLI.

That host runs in a process of its own, started when such a resource first appears in a run and
ended with the run: it loads the user's code, which may have changed.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass
class Others:
    """The SDK's host for dynamic providers, where a run needs it.

    Attributes:
        folder: Where the program lies, and with it the modules of its providers.
        env: The environment of the host.
        engine: Address of the engine.
        config: The engine's request with the stack's config.
    """

    folder: Path
    env: Mapping[str, str]
    engine: str = ""
    config: Any = None
    _process: subprocess.Popen[bytes] | None = None
    _stub: Any = None

    def serve(self, method: str, request: Any) -> Any:  # noqa: ANN401 - gRPC's messages
        """Pass a request on.

        Raises:
            grpc.RpcError: As the host answers it.
        """
        if self._stub is None:
            self._start()
        return getattr(self._stub, method)(request)

    def _start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the interpreter that runs us
            [sys.executable, "-u", "-m", "pulumi.dynamic", self.engine],
            cwd=self.folder,
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None  # noqa: S101 - a pipe, see above
        port = int(self._process.stdout.readline())
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=_GRPC_CHANNEL_OPTIONS)
        self._stub = provider_pb2_grpc.ResourceProviderStub(channel)
        self._stub.Configure(self.config)

    def close(self) -> None:
        """End the host."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = self._stub = None
