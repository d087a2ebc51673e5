"""The Image Builder component that puts a pinned Consul into an image, as AWSTOE reads it.

Source of the document's shape: AWS's schema 1.0 of component documents. The steps are shell
scripts (``install.sh``, ``verify.sh``) behind a head of assignments.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import textwrap
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

_INSTALL, _VERIFY = (
    resources.files("lictor.servers").joinpath(name).read_text()
    for name in ("install.sh", "verify.sh")
)
_RELEASES = "https://releases.hashicorp.com/consul"
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:[+-][A-Za-z0-9.+-]+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGITS = 8


class Architecture(StrEnum):
    """What kind of processor the image is for."""

    X86_64 = "x86_64"
    ARM64 = "arm64"

    @property
    def go(self) -> str:
        """Return how HashiCorp's archives call it."""
        return {"x86_64": "amd64", "arm64": "arm64"}[self.value]

    @property
    def parent(self) -> str:
        """Return how Amazon's managed image for it is called."""
        return {"x86_64": "amazon-linux-2023-x86", "arm64": "amazon-linux-2023-arm64"}[self.value]


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Consul.

    Attributes:
        version: As HashiCorp names it: ``1.22.5``, ``1.22.5+ent``.
        sha256: Checksum of its archive, from HashiCorp's ``SHA256SUMS``.
        architecture: What it was compiled for.
        url: Where the archive is; empty for HashiCorp's own place.
    """

    version: str
    sha256: str
    architecture: Architecture = Architecture.X86_64
    url: str = ""

    @property
    def archive(self) -> str:
        """Return where the archive is."""
        name = f"consul_{self.version}_linux_{self.architecture.go}.zip"
        return self.url or f"{_RELEASES}/{self.version}/{name}"

    @property
    def number(self) -> str:
        """Return the version as Image Builder takes one: three numbers."""
        return re.split(r"[+-]", self.version, maxsplit=1)[0]


def version_refusal(version: str) -> str | None:
    """Say why that names no release; None where it does."""
    if _VERSION.fullmatch(version):
        return None
    return f"expected a release such as 1.22.5 or 1.22.5+ent, found {version!r}"


def sha256_refusal(sha256: str) -> str | None:
    """Say why that is no checksum; None where it is one."""
    if _SHA256.fullmatch(sha256):
        return None
    return f"expected 64 hexadecimal digits from HashiCorp's SHA256SUMS, found {sha256[:70]!r}"


def install_script(release: Release) -> str:
    """Return the script that installs Consul, its service neither enabled nor started."""
    return _script(_INSTALL, url=release.archive, sha256=release.sha256)


def verify_script(release: Release) -> str:
    """Return the script that says whether the image is as it shall be."""
    return _script(_VERIFY, version=release.version)


def document(release: Release) -> str:
    """Return the component's document, in YAML."""
    return "\n".join(
        [
            "name: consul",
            f"description: Consul {release.version}, stopped and not enabled",
            "schemaVersion: 1.0",
            "phases:",
            *_phase("build", "InstallConsul", install_script(release)),
            *_phase("validate", "VerifyConsul", verify_script(release)),
            "",
        ]
    )


def unique(name: str, *content: str) -> str:
    """Return a name that changes with the content.

    Components and recipes cannot be changed, and a version of one cannot be made twice: what
    differs needs a name of its own, beside the old one that images were built from.
    """
    digest = hashlib.sha256("\0".join(content).encode()).hexdigest()
    return f"{name}-{digest[:_DIGITS]}"


def parent_image(architecture: Architecture, region: str) -> str:
    """Return the ARN of Amazon Linux 2023 among Image Builder's managed images."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    partition = next((p for start, p in prefixes.items() if region.startswith(start)), "aws")
    return f"arn:{partition}:imagebuilder:{region}:aws:image/{architecture.parent}/x.x.x"


def _phase(phase: str, step: str, script: str) -> list[str]:
    """Write one phase of one step."""
    return [
        f"  - name: {phase}",
        "    steps:",
        f"      - name: {step}",
        "        action: ExecuteBash",
        "        inputs:",
        "          commands:",
        "            - |",
        textwrap.indent(script.rstrip(), " " * 14),
    ]


def _script(body: str, **values: str) -> str:
    """Put a head of assignments before a script."""
    head = [
        "#!/bin/bash",
        "set -euo pipefail",
        *(f"readonly {name}={shlex.quote(value)}" for name, value in values.items()),
    ]
    return "\n".join([*head, body])
