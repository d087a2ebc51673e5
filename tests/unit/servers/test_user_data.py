"""User data: checked by shellcheck, and run in a scratch root as an instance runs it."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from lictor import errors
from lictor.servers import user_data
from lictor.servers.user_data import TLS, Boot
from tests.fakes import imds
from tests.fakes.machine import Machine, shellcheck
from tests.fakes.path import search_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.pulumi import Run

ARN = "arn:aws:secretsmanager:us-west-2:123456789012:secret:"
KEY = "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s="
PLAIN = Boot("main", "consul-cluster", "main")
WHOLE = Boot(
    "main",
    "consul-cluster",
    "main",
    datacenter="west",
    listen="private",
    gossip_secret=f"{ARN}gossip",
    tls=TLS(f"{ARN}ca", f"{ARN}cert", f"{ARN}key"),
    config={"log_level": "debug", "node_meta": {"owner": 'it\'s "us" $HOME `id`\n'}},
)
TAGS = {user_data.EXPECT_TAG: "3", "consul-cluster": "main"}
INSTANCE = imds.of_instance("i-0123456789abcdef0", "10.1.2.3", "us-west-2b", TAGS)


ENDED = "systemctl --no-block poweroff"


def boot(machine: Machine, script: str, told: dict[str, str] | None = None, **env: str) -> Run:
    """Run a script as an instance that is told so."""
    with imds.start(INSTANCE if told is None else told) as own:
        return machine.boot(script, LICTOR_METADATA=own[imds.ENDPOINT], **env)


def validate(machine: Machine) -> str:
    """Ask Consul itself what it thinks of what was written."""
    done = subprocess.run(  # noqa: S603 - our own tool
        ["consul", "validate", str(machine.root / "etc/consul.d")],  # noqa: S607 - on our PATH
        env={"PATH": search_path(), "HOME": str(machine.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("boot_of", [PLAIN, WHOLE], ids=["plain", "whole"])
def test_shellcheck_is_content(boot_of: Boot) -> None:
    """With every option, and with none."""
    assert shellcheck(user_data.render(boot_of)) == ""


def test_shellcheck_finds_something_in_a_worse_script() -> None:
    """The check itself works."""
    worse = user_data.render(PLAIN).replace('"$instance"', "$instance")
    assert "SC2086" in shellcheck(worse)


def test_a_plain_server(tmp_path: Path) -> None:
    """It is called and bound as its metadata says, finds others by tag, and is started last."""
    machine = Machine(tmp_path)
    boot(machine, user_data.render(PLAIN)).ok()
    assert machine.calls == [
        "hostnamectl set-hostname i-0123456789abcdef0",
        "systemctl enable consul.service",
        "systemctl start consul.service",
    ]
    assert "Configuration is valid!" in validate(machine)
    config = machine.config()
    assert config["node_name"] == "i-0123456789abcdef0"
    assert config["bind_addr"] == config["advertise_addr"] == "10.1.2.3"
    assert config["client_addr"] == "127.0.0.1 10.1.2.3"
    assert config["bootstrap_expect"] == 3
    assert config["leave_on_terminate"] is True
    assert config["retry_join"] == [
        "provider=aws region=us-west-2 tag_key=consul-cluster tag_value=main"
    ]
    assert config["node_meta"] == {
        "instance-id": "i-0123456789abcdef0",
        "availability-zone": "us-west-2b",
    }
    assert config["ports"]["http"] == 8500
    assert config["ports"]["https"] == -1
    assert "encrypt" not in config
    assert "tls" not in config
    assert not list((tmp_path / "etc/consul.d").rglob("*.new"))


def pems() -> dict[str, str]:
    """Make TLS material as Consul's servers want it."""
    authority = trustme.CA()
    made = authority.issue_cert("server.west.consul", "localhost")
    chain = b"".join(pem.bytes() for pem in made.cert_chain_pems)
    return {
        "ca": authority.cert_pem.bytes().decode(),
        "cert": chain.decode(),
        "key": made.private_key_pem.bytes().decode(),
    }


def test_a_server_with_everything(tmp_path: Path) -> None:
    """Secrets are read at boot, by name, and stand in files for Consul alone."""
    secrets = {"gossip": KEY, **pems()}
    machine = Machine(tmp_path, secrets)
    script = user_data.render(WHOLE)
    said = boot(machine, script).ok().text
    assert "Configuration is valid!" in validate(machine)
    config = machine.config()
    assert config["encrypt"] == KEY
    assert config["log_level"] == "debug"
    assert config["node_meta"] == {"owner": 'it\'s "us" $HOME `id`\n'}, "read last, so it wins"
    assert config["client_addr"] == "10.1.2.3"
    assert config["ports"] == {
        "http": -1,
        "https": 8501,
        "grpc": -1,
        "grpc_tls": 8503,
        "dns": 8600,
    }
    assert config["tls"]["internal_rpc"]["verify_server_hostname"] is True
    for name in ("ca", "cert", "key"):
        path = tmp_path / "etc/consul.d/tls" / f"{name}.pem"
        assert path.read_text().strip() == secrets[name].strip()
    for path in (tmp_path / "etc/consul.d").rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o007, f"others may read {path}"
    for text in (script, said, "\n".join(machine.calls)):
        assert not [name for name, secret in secrets.items() if secret.strip() in text]
    assert f"aws secretsmanager get-secret-value --region us-west-2 --secret-id {ARN}gossip" in (
        "\n".join(machine.calls)
    )


def test_the_files_are_read_in_alphabetical_order(tmp_path: Path) -> None:
    """What all have in common first, what the user says last."""
    machine = Machine(tmp_path, {"gossip": KEY, **pems()})
    boot(machine, user_data.render(WHOLE)).ok()
    names = sorted(path.name for path in (tmp_path / "etc/consul.d").glob("*.json"))
    assert names == [
        "10-cluster.json",
        "20-instance.json",
        "30-gossip.json",
        "40-tls.json",
        "90-own.json",
    ]


def test_a_second_boot_is_like_the_first(tmp_path: Path) -> None:
    """Whoever runs it again by hand breaks nothing."""
    machine = Machine(tmp_path)
    for _ in range(2):
        boot(machine, user_data.render(PLAIN)).ok()
    assert "Configuration is valid!" in validate(machine)


def without(*keys: str) -> dict[str, str]:
    """Take something from what an instance is told."""
    return {key: text for key, text in INSTANCE.items() if key not in keys}


TAG = f"tags/instance/{user_data.EXPECT_TAG}"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (without("instance-id"), "does not tell the instance id"),
        (without("local-ipv4"), "does not tell the address"),
        (without("placement/region"), "does not tell the region"),
        (without("placement/availability-zone"), "tells no zone"),
        (without(TAG), f"the instance has no tag {user_data.EXPECT_TAG}"),
        ({**INSTANCE, TAG: "three"}, f"the tag {user_data.EXPECT_TAG} is no number: three"),
        ({**INSTANCE, "local-ipv4": '10.0.0.1", "x": "'}, "no IPv4 address"),
        ({**INSTANCE, "instance-id": "<html>"}, "no instance id: <html>"),
    ],
)
def test_an_instance_that_is_told_nonsense(tmp_path: Path, told: dict[str, str], said: str) -> None:
    """It says so in a line, and Consul is not started."""
    machine = Machine(tmp_path)
    run = boot(machine, user_data.render(PLAIN), told)
    assert run.code == 1
    assert f"lictor: {said}" in run.text.replace("the instance metadata service ", "")
    assert machine.calls == [ENDED]


def test_no_metadata_service(tmp_path: Path) -> None:
    """Such as one that is switched off."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        script = user_data.render(PLAIN).replace("--retry 5", "--retry 0")
        machine = Machine(tmp_path)
        run = machine.boot(script, LICTOR_METADATA=url)
    assert run.code == 1
    assert "lictor: the instance metadata service gives no token" in run.text
    assert machine.calls == [ENDED]


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({}, f"secret {ARN}gossip cannot be read; may the role call"),
        ({"gossip": "short"}, f"secret {ARN}gossip is no gossip key"),
        ({"gossip": f'{KEY}", "x": "'}, f"secret {ARN}gossip is no gossip key"),
        ({"gossip": KEY, "ca": "{}", "cert": "", "key": ""}, f"secret {ARN}ca is not in PEM"),
    ],
)
def test_secrets_that_are_not_what_they_should_be(
    tmp_path: Path, secrets: dict[str, str], said: str
) -> None:
    """They are named, and not shown."""
    machine = Machine(tmp_path, secrets)
    run = boot(machine, user_data.render(WHOLE))
    assert run.code == 1
    assert f"lictor: {said}" in run.text
    assert [call for call in machine.calls if call.startswith("systemctl")] == [ENDED]
    assert KEY not in run.text


def test_a_secret_that_is_readable_a_little_later(tmp_path: Path) -> None:
    """A new role takes a while to be known everywhere."""
    machine = Machine(tmp_path, {"gossip": KEY})
    machine.install(
        "aws",
        '#!/bin/sh\necho . >>"$LICTOR_ROOT/tries"\n'
        '[ "$(wc -l <"$LICTOR_ROOT/tries")" -gt 3 ] || exit 254\ncat "$LICTOR_ROOT/secrets/gossip"',
    )
    boot(machine, user_data.render(Boot("m", "k", "v", gossip_secret=f"{ARN}gossip"))).ok()
    assert machine.config()["encrypt"] == KEY


def test_settings_that_consul_does_not_take(tmp_path: Path) -> None:
    """Consul says what it does not like, and is not started."""
    machine = Machine(tmp_path)
    run = boot(machine, user_data.render(Boot("m", "k", "v", config={"raft_protokoll": 3})))
    assert run.code == 1
    assert "raft_protokoll" in run.text
    assert "Consul does not take its configuration" in run.text
    assert [call for call in machine.calls if call.startswith("systemctl")] == [ENDED]


@pytest.mark.parametrize("answer", ['""', "", "No cluster leader"])
def test_a_server_that_finds_no_leader_ends_itself(tmp_path: Path, answer: str) -> None:
    """Else the group takes it for one that stands, and ends an old one for it."""
    machine = Machine(tmp_path)
    run = boot(machine, user_data.render(PLAIN), LICTOR_LEADER=answer, LICTOR_PATIENCE="0")
    assert run.code == 1
    assert "lictor: Consul knows no leader after" in run.text
    assert machine.calls[-2:] == ["systemctl start consul.service", ENDED]


def test_a_leader_that_is_elected_a_little_later(tmp_path: Path) -> None:
    """The servers of a new cluster do not all come at once."""
    machine = Machine(tmp_path)
    boot(machine, user_data.render(PLAIN), LICTOR_ELECTED="3").ok()
    assert len(machine.asked) == 3
    assert ENDED not in machine.calls


def test_a_server_is_not_ended_by_a_second_run(tmp_path: Path) -> None:
    """Whoever runs the script by hand while there is no leader takes no server away."""
    machine = Machine(tmp_path)
    boot(machine, user_data.render(PLAIN)).ok()
    run = boot(machine, user_data.render(PLAIN), LICTOR_LEADER='""', LICTOR_PATIENCE="0")
    assert run.code == 1
    assert ENDED not in machine.calls


TLS_PORTS = {"tls": WHOLE.tls, "listen": "loopback"}


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({}, "http://127.0.0.1:8500/v1/status/leader"),
        ({"listen": "private"}, "http://10.1.2.3:8500/v1/status/leader"),
        ({"config": {"ports": {"http": 80}}}, "http://127.0.0.1:80/v1/status/leader"),
        (TLS_PORTS, "key.pem https://127.0.0.1:8501/v1/status/leader"),
        ({**TLS_PORTS, "config": {"ports": {"http": 80}}}, "http://127.0.0.1:80/v1/status/leader"),
        ({"config": {"client_addr": "10.0.0.1"}}, None),
        ({"config": {"addresses": {"http": "unix:///run/consul"}}}, None),
        ({"config": {"ports": {"http": -1}}}, None),
    ],
)
def test_where_the_leader_is_asked_for(
    tmp_path: Path, more: dict[str, Any], asked: str | None
) -> None:
    """Where Consul's API listens; where only Consul knows that, nobody waits for a leader."""
    machine = Machine(tmp_path, pems())
    boot(machine, user_data.render(Boot("m", "k", "v", **more))).ok()
    assert (asked is None) == (machine.asked == [])
    assert asked is None or machine.asked[0].endswith(asked)


def test_an_image_that_puts_the_api_elsewhere(tmp_path: Path) -> None:
    """Its own files may say so; a server is not ended for that."""
    machine = Machine(tmp_path)
    (tmp_path / "etc/consul.d").mkdir(parents=True)
    (tmp_path / "etc/consul.d/consul.hcl").write_text("ports { http = 80 }\n")
    said = boot(machine, user_data.render(PLAIN), LICTOR_LEADER="", LICTOR_PATIENCE="0").ok().text
    assert "Consul's API is not on port 8500" in said
    assert ENDED not in machine.calls


@pytest.mark.parametrize(("warmup", "expected"), [(0, 120), (300, 240), (600, 540), (86400, 900)])
def test_a_server_fails_before_the_next_one_is_ended(warmup: float, expected: int) -> None:
    """And has two minutes at least: the servers of a new cluster wait for each other."""
    assert user_data.patience(warmup) == expected
    script = user_data.render(Boot("m", "k", "v", patience=expected))
    assert f"readonly patience={expected}\n" in script


def test_an_image_without_consul(tmp_path: Path) -> None:
    """The remedy is named."""
    run = Machine(tmp_path).boot(user_data.render(PLAIN), PATH=f"{tmp_path}/bin")
    assert run.code == 1
    assert "this image has no consul; bake one with ConsulServerImage" in run.text


def test_user_data_that_aws_does_not_take() -> None:
    """Known before anything is made."""
    with pytest.raises(errors.SettingsError, match=r"config: the user data has 2\d{4} bytes"):
        user_data.render(Boot("m", "k", "v", config={"a": "x" * 20_000}))


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@given(st.dictionaries(TEXTS, TEXTS | st.integers() | st.booleans(), max_size=4))
def test_whatever_the_user_says_reaches_the_file(config: dict[str, Any]) -> None:
    """No quote, dollar sign or line of it is the shell's."""
    script = user_data.render(Boot("m", "k", "v", config=config))
    head = script[: script.index("# Everything below")]
    done = subprocess.run(
        ["bash"],  # noqa: S607 - the machine's own
        input=f'{head}\nprintf %s "$own"\n'.encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == config
