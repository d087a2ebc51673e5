"""What a server may do: as little as works."""

from __future__ import annotations

import json

from lictor.servers import policies


def allowed(document: str) -> list[tuple[object, object]]:
    """List actions and resources."""
    read = json.loads(document)
    assert read["Version"] == "2012-10-17"
    assert {statement["Effect"] for statement in read["Statement"]} == {"Allow"}
    return [(each["Action"], each["Resource"]) for each in read["Statement"]]


def test_finding_each_other() -> None:
    """One action, which AWS knows no resources for."""
    assert allowed(policies.finding()) == [("ec2:DescribeInstances", "*")]


def test_reading_secrets() -> None:
    """These and no other; a key of the customer's own only where there is one."""
    assert allowed(policies.reading(["b", "a", "b"])) == [
        ("secretsmanager:GetSecretValue", ["a", "b"])
    ]
    assert allowed(policies.reading(["a"], "arn:key"))[1:] == [("kms:Decrypt", "arn:key")]


def test_partitions() -> None:
    """EC2 is called otherwise in China, and so are AWS's policies."""
    assert "ec2.amazonaws.com.cn" in policies.trust("cn-north-1")
    assert '"ec2.amazonaws.com"' in policies.trust("eu-west-1")
    assert policies.managed("P", "us-gov-west-1") == "arn:aws-us-gov:iam::aws:policy/P"
    assert policies.managed("P", "eu-west-1") == "arn:aws:iam::aws:policy/P"
