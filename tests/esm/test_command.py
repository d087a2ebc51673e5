"""The command: flags, files, signals, exit codes, and what it prints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import consul as consuls
from tests.fakes import endpoint as endpoints
from tests.fakes import monitor as monitors
from tests.fakes.consul import free_ports
from tests.fakes.endpoint import OK, answer
from tests.fakes.monitor import until
from tests.fakes.path import search_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.certificates import Authority
    from tests.fakes.consul import Consul
    from tests.fakes.endpoint import Endpoint

pytestmark = pytest.mark.xdist_group("esm-own")


def ran(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `lictor esm` to its end."""
    command = [sys.executable, "-m", "lictor", "esm", *arguments]
    return subprocess.run(  # noqa: S603 - our own program
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"PATH": search_path(), **env},
    )


def test_usage() -> None:
    """Printed on standard output, with consul-esm's code."""
    done = ran("-h")
    assert done.returncode == 11
    assert done.stdout.startswith("Usage: lictor esm")


def test_version() -> None:
    """In both forms."""
    for flag in ("-v", "--version"):
        done = ran(flag)
        assert (done.returncode, done.stdout[:8]) == (0, "lictor v")


def test_a_flag_that_is_unknown() -> None:
    """Usage, the reason, 11."""
    done = ran("-nonsense")
    assert done.returncode == 11
    assert "error parsing flags: flag provided but not defined: -nonsense" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('nosuch_key = "x"', "nosuch_key: unknown key"),
        ('{"instance_id": }', "error parsing"),
        ('node_reconnect_timeout = "abc"', 'time: invalid duration "abc"'),
        ("critical_threshold = -1", "critical_threshold cannot be negative"),
        ('log_level = "loud"', "log_level: expected one of TRACE"),
        ('http_addr = "ftp://x"', "http_addr: expected HOST:PORT"),
        ('https_ca_file = "/no/such/file"', "https_ca_file"),
        ('client_address = "nowhere"', "client_address: expected HOST:PORT"),
    ],
)
def test_config_that_cannot_be(tmp_path: Path, text: str, said: str) -> None:
    """Is refused with 11, and with file, key and reason in a line or two; no traceback."""
    file = tmp_path / ("esm.json" if text.startswith("{") else "esm.hcl")
    file.write_text(text)
    done = ran("--config-file", str(file), CONSUL_HTTP_ADDR="127.0.0.1:1")
    assert done.returncode == 11
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_files_and_folders_in_order(consul: Consul, tmp_path: Path) -> None:
    """All forms of the flags; what comes later counts."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d/2.hcl").write_text('consul_service = "second"\nconsul_service_tag = "tag"')
    (tmp_path / "d/1.json").write_text('{"consul_service": "first"}')
    (tmp_path / "d/ignored.txt").write_text("no config")
    last = tmp_path / "last.hcl"
    last.write_text('instance_id = "me"\nexternal_node_meta { "order" = "yes" }')
    flags = [f"-config-dir={tmp_path / 'd'}", f"--config-file={last}"]
    with monitors.start(consul, tmp_path, {}, *flags) as running:
        printed = running.says("Obtained leadership")
        assert "Consul ESM running!" in printed
        assert 'Service ID: "second:me"' in printed
        assert 'Service Tag: "tag"' in printed
        (service,) = consul.call("GET", "/v1/catalog/service/second")
        assert service["ServiceTags"] == ["tag"]
        assert service["ServiceMeta"] == {"external-source": "consul-esm"}
        assert running.stop() == 0
    assert consul.call("GET", "/v1/catalog/service/second") == []


def test_logs_as_json(consul: Consul, tmp_path: Path) -> None:
    """One object a line and no banner, on standard output and in the file."""
    settings = {**monitors.apart("json"), "log_json": True, "log_file": f"{tmp_path}/"}
    with monitors.start(consul, tmp_path, settings) as running:
        running.says("Obtained leadership")
        running.stop()
        lines = [json.loads(line) for line in running.printed().splitlines()]
    assert {"@level", "@message", "@module", "@timestamp"} == set(lines[0])
    assert lines[0]["@module"] == "consul-esm"
    assert (tmp_path / "consul.log").read_text() == running.printed()
    assert (tmp_path / "consul.log").stat().st_mode & 0o777 == 0o640


def test_a_log_that_grows(consul: Consul, tmp_path: Path) -> None:
    """Is rotated by its size, and old files go."""
    settings = {
        **monitors.apart("grows"),
        "log_file": f"{tmp_path}/esm.log",
        "log_rotate_bytes": 100,
        "log_rotate_max_files": 2,
    }
    with monitors.start(consul, tmp_path, settings) as running:
        running.says("Obtained leadership")
        until(lambda: len(list(tmp_path.glob("esm-*.log"))) > 1, "rotated files")
        running.stop()
    assert len([one for one in tmp_path.glob("esm-*.log") if len(one.stem) > 15]) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(consul: Consul, tmp_path: Path, number: signal.Signals) -> None:
    """The service goes, and the code is 0."""
    settings = monitors.apart(number.name.lower())
    with monitors.start(consul, tmp_path, settings) as running:
        running.says("Obtained leadership")
        running.process.send_signal(number)
        assert running.ends(5) == 0
    assert consul.call("GET", f"/v1/catalog/service/{settings['consul_service']}") == []
    assert "Session" not in consul.call("GET", f"/v1/kv/{settings['consul_kv_path']}leader")[0]


def test_other_signals_are_ignored(consul: Consul, tmp_path: Path) -> None:
    """As in consul-esm."""
    with monitors.start(consul, tmp_path, monitors.apart("signals")) as running:
        running.says("Obtained leadership")
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGPIPE):
            running.process.send_signal(number)
        time.sleep(0.3)
        assert running.process.poll() is None


def test_a_stop_without_consul(tmp_path: Path) -> None:
    """SIGTERM ends a monitor that waits for a Consul that is not there."""
    (port,) = free_ports(1)
    nowhere = consuls.Consul(f"http://127.0.0.1:{port}")
    with monitors.start(nowhere, tmp_path) as running:
        running.says("waiting for Consul")
        begun = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - begun < 4.0


@pytest.mark.long
def test_consul_that_goes_and_comes(tmp_path: Path, endpoint: Endpoint) -> None:
    """Started before Consul; a Consul that forgot everything is registered with again."""
    with consuls.mortal() as mortal:
        consul = mortal.consul
        mortal.kill()
        with monitors.start(consul, tmp_path) as running:
            running.says("waiting for Consul")
            mortal.revive()
            running.says("Obtained leadership", 30)
            catalog = monitors.Catalog(consul, {"external-node": "true"})
            catalog.becomes(catalog.check({"HTTP": endpoint.url}), "passing")
            mortal.kill()
            mortal.revive()
            until(lambda: consul.call("GET", "/v1/health/service/consul-esm?passing=1"), "ours", 30)
            catalog.becomes(catalog.check({"HTTP": endpoint.url}), "passing")
            mortal.freeze()
            begun = time.monotonic()
            assert running.stop() == 0
            assert time.monotonic() - begun < 6.0


@pytest.mark.long
def test_reload(consul: Consul, tmp_path: Path, endpoint: Endpoint, authority: Authority) -> None:
    """SIGHUP reads files, thresholds and certificates anew; checks go on."""
    settings: dict[str, Any] = {**monitors.apart("reload"), "log_level": "INFO"}
    catalog = monitors.catalog(consul, settings)
    from tests.fakes import odd_consul  # noqa: PLC0415 - here alone

    pair = authority.pair("reload")
    with (
        endpoints.start(odd_consul.server_tls(pair.cert, pair.key)) as secure,
        monitors.start(consul, tmp_path, settings) as running,
    ):
        distrusted = catalog.check({"HTTP": secure.url}, status="passing")
        node = catalog.check({"HTTP": endpoint.url})
        catalog.becomes(distrusted, "critical")
        catalog.becomes(node, "passing")
        running.config.write_text("{broken")
        running.process.send_signal(signal.SIGHUP)
        running.says("not reloaded, everything goes on as before")
        changed = {**settings, "https_ca_file": str(authority.cert), "critical_threshold": 2}
        running.config.write_text(json.dumps({**changed, "consul_service": "other"}))
        running.process.send_signal(signal.SIGHUP)
        printed = running.says("Reloaded config")
        assert "need a restart to change: consul_service" in printed
        catalog.becomes(distrusted, "passing")
        endpoint.says(answer("500 No"))
        seen = len(endpoint.requests)
        catalog.becomes(node, "critical")
        assert len(endpoint.requests) - seen == 3


@pytest.mark.long
def test_thresholds(consul: Consul, tmp_path: Path, endpoint: Endpoint) -> None:
    """N lets N contrary results pass, counted once; both ways."""
    settings = {**monitors.apart("thresholds"), "passing_threshold": 1, "critical_threshold": 2}
    catalog = monitors.catalog(consul, settings)
    with monitors.start(consul, tmp_path, settings):
        node = catalog.check({"HTTP": endpoint.url})
        catalog.becomes(node, "passing")
        assert len(endpoint.requests) == 2
        endpoint.says(answer("500 No"))
        seen = len(endpoint.requests)
        catalog.becomes(node, "critical")
        assert len(endpoint.requests) - seen == 3


@pytest.mark.long
def test_workers(consul: Consul, tmp_path: Path, endpoint: Endpoint) -> None:
    """Probes in processes of their own: what is found is written, and one that dies is replaced."""
    settings = monitors.apart("workers")
    catalog = monitors.catalog(consul, settings)
    with monitors.start(consul, tmp_path, settings, "-workers", "2") as running:
        nodes = [catalog.check({"HTTP": f"{endpoint.url}{number}"}) for number in range(8)]
        for node in nodes:
            catalog.becomes(node, "passing")
        pid = running.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123 - not a real file
            children = [int(one) for one in file.read().split()]
        assert len(children) == 2
        os.kill(children[0], signal.SIGKILL)
        running.says("starting it again")
        endpoint.says(answer("500 No"))
        for node in nodes:
            catalog.becomes(node, "critical")
        endpoint.says(OK)
        for node in nodes:
            catalog.becomes(node, "passing")
        assert running.stop() == 0
