"""One monitor for all tests that need no settings of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import endpoint as endpoints
from tests.fakes import monitor as monitors
from tests.fakes.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.consul import Consul
    from tests.fakes.endpoint import Endpoint
    from tests.fakes.monitor import Catalog, Monitor

SHARED = monitors.apart("shared")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for files of all tests."""
    return tmp_path_factory.mktemp("esm")


@pytest.fixture(scope="session")
def authority(folder: Path) -> Authority:
    """Return an authority that monitors trust."""
    return Authority(folder, "authority")


@pytest.fixture(scope="session")
def monitor(consul: Consul, folder: Path, authority: Authority) -> Iterator[Monitor]:
    """Run the monitor that all share."""
    pair = authority.pair("monitor")
    settings = {
        **SHARED,
        "https_ca_file": str(authority.cert),
        "https_cert_file": str(pair.cert),
        "https_key_file": str(pair.key),
        "check_update_interval": "4s",
    }
    with monitors.start(consul, folder, settings) as running:
        running.says("Obtained leadership")
        yield running


@pytest.fixture
def catalog(consul: Consul, monitor: Monitor) -> Catalog:
    """Return the catalog of the monitor that all share."""
    assert monitor.process.poll() is None
    return monitors.catalog(consul, SHARED)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Run an endpoint."""
    with endpoints.start() as running:
        yield running
