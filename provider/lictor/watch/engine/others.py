"""The user's own dynamic resources, served by the SDK's host as under the plain CLI.

That host runs in a process of its own, started when such a resource first appears in a run and
ended with the run: it loads the user's code, which may have changed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from lictor import errors

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
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _process: subprocess.Popen[bytes] | None = None
    _stub: Any = None

    def serve(self, method: str, request: Any) -> Any:  # noqa: ANN401 - gRPC's messages
        """Pass a request on; the first one starts the host.

        Raises:
            grpc.RpcError: As the host answers it.
            errors.EngineError: There is no host.
        """
        with self._lock:
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
        port = self._process.stdout.readline().strip()
        if not port.isdigit():
            raise errors.EngineError(
                "Pulumi's host for the program's own dynamic resources does not start;"
                f" see what it says: {sys.executable} -m pulumi.dynamic {self.engine}"
            )
        channel = grpc.insecure_channel(f"127.0.0.1:{int(port)}", options=_GRPC_CHANNEL_OPTIONS)
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
