"""What a server, and an instance that bakes an image, may do on AWS: as little as works."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERSION = "2012-10-17"


def trust(region: str = "") -> str:
    """Return the document that lets EC2 take a role."""
    service = "ec2.amazonaws.com.cn" if region.startswith("cn-") else "ec2.amazonaws.com"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return _document([statement])


def finding() -> str:
    """Return what finding the other servers takes; the call knows no resources to narrow it to."""
    return _document([{"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}])


def reading(secrets: Sequence[str], key: str = "") -> str:
    """Return what reading exactly these secrets takes.

    Args:
        secrets: Their ARNs.
        key: ARN of the customer's KMS key that they are encrypted with; empty for AWS's own.
    """
    statements: list[dict[str, object]] = [
        {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": sorted(set(secrets)),
        }
    ]
    if key:
        statements.append({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key})
    return _document(statements)


def managed(name: str, region: str) -> str:
    """Return the ARN of a policy that AWS keeps."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    partition = next((p for start, p in prefixes.items() if region.startswith(start)), "aws")
    return f"arn:{partition}:iam::aws:policy/{name}"


def _document(statements: Sequence[object]) -> str:
    return json.dumps({"Version": _VERSION, "Statement": statements})
