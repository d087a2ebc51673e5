"""What the files of `deploy/` promise, beside the tests that run them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.fakes.path import ROOT

DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs/triggers.md").read_text()
UNITS = ["systemd/lictor.service", "cron/lictor-up.service"]
WORKFLOW: dict[Any, Any] = yaml.safe_load((DEPLOY / "ci/github.yml").read_text())


def unit(name: str) -> dict[str, list[str]]:
    """Read a unit of systemd: setting -> its values in order."""
    found = defaultdict(list)
    for line in (DEPLOY / name).read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found[key].append(value)
    return dict(found)


def block(text: str, head: str) -> str:
    """Return what stands between the braces after a head, in HCL."""
    begin = end = text.index("{", text.index(head)) + 1
    depth = 1
    while depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return text[begin : end - 1]


def test_every_file_is_explained() -> None:
    """The page has each one, and no other; the README has the page."""
    there = {str(path.relative_to(DEPLOY)) for path in DEPLOY.rglob("*") if path.is_file()}
    rows = [
        line.split("|")[1] for line in PAGE.split("## The files")[1].splitlines() if "|" in line
    ]
    assert set(re.findall(r"`([^`]+)`", "".join(rows))) == there
    assert "(docs/triggers.md)" in (ROOT / "README.md").read_text()


def test_the_unit_ends_in_order_and_starts_again() -> None:
    """A running update has minutes to finish, and lictor alone is told."""
    found = unit("systemd/lictor.service")
    for key, value in {
        "Type": "notify",
        "KillMode": "mixed",
        "ExecReload": "/bin/kill -HUP $MAINPID",
        "Restart": "on-failure",
        "RestartPreventExitStatus": "2",
        "TimeoutStopSec": "15min",
        "StateDirectory": "lictor",
        "StateDirectoryMode": "0700",
    }.items():
        assert found[key] == [value], key


@pytest.mark.parametrize("name", UNITS)
def test_units_are_hardened(name: str) -> None:
    """No rights, no files but its own state, no sockets but what Consul, AWS and Pulumi need."""
    found = unit(name)
    assert found["User"] == ["lictor"]
    for key, value in {
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "MemoryDenyWriteExecute": "yes",
        "RestrictNamespaces": "yes",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
        "SystemCallArchitectures": "native",
        "SystemCallErrorNumber": "EPERM",
        "UMask": "0077",
    }.items():
        assert found[key] == [value], key
    assert found["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert "ReadWritePaths" not in found


@pytest.mark.parametrize("name", UNITS)
def test_units_get_secrets_as_credentials(name: str) -> None:
    """What is loaded is what the environment names; no secret is in the environment itself."""
    found = unit(name)
    loaded = {value.partition(":")[0] for value in found["LoadCredential"]}
    named = re.findall(r"(\w+)=%d/(\S+)", " ".join(found["Environment"]))
    assert dict(named) == {
        "CONSUL_HTTP_TOKEN_FILE": "consul-token",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "passphrase",
    }
    assert loaded == {file for _, file in named}
    settings = (DEPLOY / "systemd/environment").read_text()
    assert not re.search(r"^\w*(TOKEN|SECRET|PASSPHRASE|KEY)\w*=", settings, re.MULTILINE)


def test_both_units_are_hardened_alike() -> None:
    """From the umask on they say the same."""
    first, second = ((DEPLOY / name).read_text().partition("\nUMask")[2] for name in UNITS)
    assert first.partition("\n\n[Install]")[0].strip() == second.strip()


def test_cron_and_timer_do_the_same() -> None:
    """One lock, which is lictor-run's; a run under way is no error."""
    command = r"flock --nonblock --conflict-exit-code 0 (\S+/lock)\S* (lictor up .*--refresh)"
    line = re.search(command, (DEPLOY / "cron/lictor.cron").read_text())
    start = re.search(command, unit("cron/lictor-up.service")["ExecStart"][0])
    assert line is not None
    assert start is not None
    assert start[2] == line[2].replace(" --cwd /srv/lictor", "")
    assert line[1] == "/var/lib/lictor/lock"
    assert unit("cron/lictor-up.service")["StateDirectory"] == ["lictor"]
    run = (DEPLOY / "consul-watch/lictor-run").read_text()
    assert "folder=${STATE_DIRECTORY:-/var/lib/lictor}" in run
    assert 'exec 9>"$folder/lock"' in run
    assert "%" not in (DEPLOY / "cron/lictor.cron").read_text(), "cron makes it a new line"
    assert unit("cron/lictor-up.timer")["OnUnitInactiveSec"] == ["5min"]


def test_consul_template_waits_for_its_command() -> None:
    """Without a timeout it does not wait, with the default it kills an update."""
    text = (DEPLOY / "consul-template/lictor.hcl").read_text()
    assert re.search(r'\btimeout += "24h"', block(text, "exec {"))
    assert re.search(r"attempts += 0\b", block(text, "retry {"))
    assert re.search(r'min = "200ms"\s+max = "2s"', block(text, "wait {"))


def test_the_workflow_has_the_least_rights() -> None:
    """Nothing by default; a preview may comment and `up` may not; forks get nothing."""
    assert WORKFLOW["permissions"] == {}
    jobs = WORKFLOW["jobs"]
    assert jobs["preview"]["permissions"] == {
        "contents": "read",
        "id-token": "write",
        "pull-requests": "write",
    }
    assert jobs["up"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert "head.repo.full_name == github.repository" in jobs["preview"]["if"]
    triggers = WORKFLOW[True]  # `on`, in the YAML of old
    assert triggers == {"pull_request": None, "push": {"branches": ["main"]}}
    roles = {
        step["with"]["role-to-assume"]
        for job in jobs.values()
        for step in job["steps"]
        if "configure-aws-credentials" in step.get("uses", "")
    }
    assert len(roles) == len(jobs)


def test_the_workflow_runs_one_update_at_a_time() -> None:
    """And cancels none; a newer preview takes the place of an older one."""
    jobs = WORKFLOW["jobs"]
    assert jobs["up"]["concurrency"] == {"group": "lictor-up", "cancel-in-progress": False}
    assert jobs["preview"]["concurrency"]["cancel-in-progress"] is True
    assert all("timeout-minutes" in job for job in jobs.values())


def test_the_workflow_pins_actions_and_commands_parse() -> None:
    """Commits, with the version beside; no text of a pull request is part of a script."""
    text = (DEPLOY / "ci/github.yml").read_text()
    used = re.findall(r"uses: (.*)", text)
    assert used
    for line in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    scripts = [
        step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step
    ]
    assert len(scripts) == 5
    for script in scripts:
        assert "${{" not in script
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)  # noqa: S607 - as the runner does


def test_scripts_parse() -> None:
    """In the shell that is everywhere."""
    path = DEPLOY / "consul-watch/lictor-run"
    assert path.stat().st_mode & 0o111
    subprocess.run([shutil.which("sh") or "sh", "-n", path], check=True)  # noqa: S603 - ours


def test_the_nomad_job_survives_a_client() -> None:
    """Two on two hosts, one updated after the other, asked how they are, stopped in order."""
    text = (DEPLOY / "nomad/lictor.nomad.hcl").read_text()
    assert text.count("{") == text.count("}")
    group = block(text, 'group "watch"')
    assert re.search(r"count = 2\b", group)
    assert "distinct_hosts = true" in block(group, "constraint")
    assert re.search(r"max_parallel +=\ 1\b", block(text, "update"))
    assert '"/healthz"' in block(group, "check {")
    task = block(group, 'task "lictor"')
    assert '"--no-lock"' not in task
    assert re.search(r'kill_signal +=\ "SIGTERM"', task)
    assert re.search(r'kill_timeout += "15m"', task)
    assert "nomadVar" in block(task, "template")
    assert "latest" not in text


def test_the_image_is_pinned_and_nobodys() -> None:
    """Bases by version, no user of rights, lictor as the entry point, the tested CLI."""
    text = (DEPLOY / "container/Containerfile").read_text()
    images = re.findall(r"^ARG \w+=(\S+)", text, re.MULTILINE)
    assert len(images) == 2
    assert all(re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+(-[\w-]+)?", image) for image in images)
    assert "latest" not in text
    stages = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert stages == ["${PULUMI}", "${PYTHON}", "${PYTHON}"]
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^ENTRYPOINT (.*)$", text, re.MULTILINE) == ['["lictor"]']
    pinned = re.search(r"pulumi/pkg/v3 v(\S+)", (ROOT / "tools/pulumi/go.mod").read_text())
    assert pinned is not None
    assert f"pulumi-base:{pinned[1]}" in images[1]
    assert f"pulumi-version: {pinned[1]}" in (DEPLOY / "ci/github.yml").read_text()
    for copied in ("pyproject.toml", "README.md", "LICENSE", "constraints.txt", "provider"):
        assert copied in text
        assert (ROOT / copied).exists()
