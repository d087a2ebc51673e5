"""The monitor's files: every key, merged in order, refused in words; fuzzed."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor import errors
from lictor.settings import files, go_duration, monitor_access
from lictor.settings.monitor import Monitor, Telemetry, statsd

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS = {
    "log_level": "INFO",
    "consul_service": "consul-esm",
    "external_node_meta": {"external-node": "true"},
    "node_reconnect_timeout": "72h",
    "node_probe_interval": "10s",
    "batch_flush_interval": "500ms",
    "ping_type": "udp",
    "passing_threshold": 0,
    "log_rotate_duration": "0s",
    "disable_coordinate_updates": False,
}


def read(folder: Path, text: str, name: str = "esm.hcl") -> Monitor:
    """Read one file."""
    file = folder / name
    file.write_text(text)
    return files.monitor([str(file)])


def test_defaults() -> None:
    """No file at all is allowed."""
    monitor = files.monitor([])
    assert {name: getattr(monitor, name) for name in DEFAULTS} == DEFAULTS
    assert monitor.kv_path == "consul-esm/"
    assert monitor.leader_key == "consul-esm/leader"


def other(name: str) -> object:
    """Make a value of a key that is not its default."""
    value = getattr(Monitor(), name)
    odd = {
        "log_level": "debug",
        "ping_type": "socket",
        "external_node_meta": {"a": "b"},
        "client_address": "127.0.0.1:80",
        "syslog_facility": "LOCAL1",
    }
    if name in odd:
        return odd[name]
    if name in ("https_cert_file", "https_key_file"):
        return ""
    if isinstance(value, bool):
        return not value
    return 3 if isinstance(value, int) else "90s"


KEYS = [name for name in Monitor.__struct_fields__ if name != "telemetry"]


@pytest.mark.parametrize("name", KEYS)
def test_every_key_in_both_languages(tmp_path: Path, name: str) -> None:
    """HCL and JSON say the same."""
    value = other(name)
    written = json.dumps(value).replace('": "', '" = "') if isinstance(value, dict) else ""
    text = f"{name} {written}" if written else f"{name} = {json.dumps(value)}"
    in_hcl = read(tmp_path, text)
    in_json = read(tmp_path, json.dumps({name: value}), "esm.json")
    assert in_hcl == in_json
    assert getattr(in_hcl, name) == value


@pytest.mark.parametrize("name", Telemetry.__struct_fields__)
def test_every_key_of_telemetry(tmp_path: Path, name: str) -> None:
    """Circonus, too."""
    old = getattr(Telemetry(), name)
    value = not old if isinstance(old, bool) else ["+a"] if old == () else "10s"
    monitor = read(tmp_path, f"telemetry {{ {name} = {json.dumps(value)} }}")
    assert monitor == read(tmp_path, json.dumps({"telemetry": [{name: value}]}), "esm.json")
    assert list(monitor.telemetry.ignored()) == (
        [name] if name.startswith("circonus") or name == "statsite_address" else []
    )


def test_files_are_merged_in_order(tmp_path: Path) -> None:
    """Later ones win; the meta is replaced as a whole; a folder's by name, others not at all."""
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "b.hcl").write_text('consul_service = "b"\nexternal_node_meta { x = "y" }')
    (folder / "a.json").write_text('{"consul_service": "a", "token": "t"}')
    (folder / "c.txt").write_text("!")
    (folder / "empty.hcl").write_text(" \n")
    (folder / "sub.hcl").mkdir()
    last = tmp_path / "last.hcl"
    last.write_text('instance_id = "i"')
    monitor = files.monitor([str(last), str(folder)])
    assert (monitor.consul_service, monitor.token, monitor.instance_id) == ("b", "t", "i")
    assert monitor.external_node_meta == {"x": "y"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nosuch_key = 1", "nosuch_key: unknown key"),
        ("telemetry { nosuch = 1 }", "telemetry.nosuch: unknown key"),
        ('log_json = "true"', "log_json: expected bool, got str, found 'true'"),
        ('critical_threshold = "3"', "critical_threshold: expected int, got str, found '3'"),
        ("node_probe_interval = 10", "node_probe_interval: expected str, got int, found 10"),
        ('node_probe_interval = "999ms"', "node_probe_interval cannot be lower than 1 second"),
        ('ping_type = "tcp"', 'ping_type must be one of either "udp" or "socket"'),
        ("passing_threshold = -1", "passing_threshold cannot be negative"),
        ('telemetry { prometheus_retention_time = "x" }', 'invalid duration "x"'),
        ('telemetry { }\ntelemetry { statsd_address = "h:1" }', "only one telemetry block allowed"),
        ('external_node_meta { a = "b" }\nexternal_node_meta { c = "d" }', "only one node_meta"),
        ("{", "error parsing"),
        ("a = {", "error parsing"),
        ("[]", "error parsing"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """With the file, the key and the reason."""
    with pytest.raises(errors.SettingsError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert "esm.hcl" in str(caught.value)


def test_broken_json_is_not_empty(tmp_path: Path) -> None:
    """A file that cannot be read starts nothing."""
    with pytest.raises(errors.SettingsError, match="error parsing"):
        read(tmp_path, '{"instance_id": }', "esm.json")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """And those of another kind, which consul-esm leaves out without a word."""
    with pytest.raises(errors.SettingsError, match="no such file or directory"):
        files.monitor([str(tmp_path / "none.hcl")])
    with pytest.raises(errors.SettingsError, match=r"ends in \.json or \.hcl"):
        read(tmp_path, "", "esm.conf")


@given(st.text(alphabet=st.sampled_from('abc_="{}[],:\n\\ #/*1.-<$')) | st.text())
def test_whatever_stands_in_a_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Settings or an error of ours; HCL and JSON alike."""
    folder = tmp_path_factory.getbasetemp()
    for name in ("fuzz.hcl", "fuzz.json"):
        with contextlib.suppress(errors.SettingsError):
            (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
            files.monitor([str(folder / name)])


@pytest.mark.parametrize(
    ("keys", "key", "path"),
    [
        ({"consul_kv_path": "a"}, "a/leader", "a/"),
        ({"consul_leader_key": "x/y/lock"}, "x/y/lock", "x/y/"),
        ({"consul_leader_key": "lock"}, "lock", "consul-esm/"),
        ({"consul_leader_key": "x/lock", "consul_kv_path": "p/"}, "x/lock", "p/"),
    ],
)
def test_where_the_lock_is(keys: dict[str, str], key: str, path: str) -> None:
    """Both keys of both ages."""
    monitor = Monitor(**keys)  # type: ignore[arg-type] # texts
    assert (monitor.leader_key, monitor.kv_path) == (key, path)


def test_the_environment(tmp_path: Path) -> None:
    """Is used where a key is absent."""
    file = tmp_path / "token"
    file.write_text("secret\n")
    env = {
        "CONSUL_HTTP_ADDR": "c:1",
        "CONSUL_HTTP_SSL": "true",
        "CONSUL_HTTP_TOKEN_FILE": str(file),
        "CONSUL_HTTP_SSL_VERIFY": "false",
        "CONSUL_HTTP_AUTH": "user:pw",
        "CONSUL_CACERT": "ca",
        "CONSUL_CAPATH": "path",
        "CONSUL_CLIENT_CERT": "cert",
        "CONSUL_CLIENT_KEY": "key",
        "CONSUL_TLS_SERVER_NAME": "name",
        "CONSUL_PARTITION": "default",
        "CONSUL_NAMESPACE": "ns",
    }
    found = monitor_access.access(Monitor(), env)
    assert (found.url, found.token, found.verify) == ("https://c:1", "secret", False)
    assert (found.ca_file, found.ca_path, found.cert_file, found.key_file) == (
        *("ca", "path", "cert", "key"),
    )
    assert (found.server_name, found.partition, found.namespace) == ("name", "", "ns")
    assert "secret" not in repr(found)
    assert "pw" not in repr(found)
    ours = monitor_access.access(Monitor(http_addr="https://k:2", token="t", partition="p"), env)  # noqa: S106
    assert (ours.url, ours.token, ours.partition) == ("https://k:2", "t", "p")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("0", 0), ("10s", 10), ("1h30m", 5400), ("500ms", 0.5), ("-5s", -5), ("+1s", 1)),
        *(("1.5h", 5400), (".5s", 0.5), ("1us", 1e-6), ("1µs", 1e-6), ("1ns", 1e-9)),
    ],
)
def test_durations_of_go(text: str, seconds: float) -> None:
    """All units."""
    assert go_duration.read(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "1d", "1 s", "x", "1s!", "999999999h", "-"])
def test_what_is_no_duration(text: str) -> None:
    """A bare number is none."""
    with pytest.raises(ValueError, match="invalid duration"):
        go_duration.read(text)


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("127.0.0.1:9", ("127.0.0.1", 9)),
        ("statsd.example", ("statsd.example", 8125)),
        ("udp://statsd.example:8126", ("statsd.example", 8126)),
        ("[::1]:9", ("::1", 9)),
        ("[::1]", ("::1", 8125)),
    ],
)
def test_where_statsd_listens(address: str, wanted: tuple[str, int]) -> None:
    """At its usual port, where none is told."""
    Telemetry(statsd_address=address, dogstatsd_addr="unix:///run/dogstatsd")
    assert statsd(address) == wanted


@pytest.mark.parametrize("name", ["statsd_address", "dogstatsd_addr"])
def test_where_statsd_cannot_listen(tmp_path: Path, name: str) -> None:
    """Is refused by name."""
    with pytest.raises(errors.SettingsError, match=f"{name}.*expected HOST:PORT"):
        read(tmp_path, f'telemetry {{ {name} = "localhost:x" }}')
