"""Shapes of the texts and numbers that several settings share."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]

REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+")
ZONE = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+(?:-[a-z0-9]+)*[a-z0-9]")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+")
TARGET_GROUP = re.compile(
    r"arn:aws[a-z-]*:elasticloadbalancing:(?P<region>[a-z]{2,}(?:-[a-z]+)+-[0-9]+):[0-9]{1,12}"
    r":targetgroup/(?P<name>[A-Za-z0-9-]{1,32})/(?P<id>[0-9a-f]{1,16})"
)

TARGET_GROUP_SHAPE = "arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/0123456789abcdef"
ROLE_SHAPE = "arn:aws:iam::ACCOUNT:role/NAME"

IMAGE = re.compile(r"ami-[0-9a-f]{8,17}|resolve:ssm:[A-Za-z0-9_.:/-]+")
IMAGE_SHAPE = "an image such as ami-0123456789abcdef0, or resolve:ssm:PARAMETER"
SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
SECURITY_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")
INSTANCE_TYPE = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
DATACENTER = re.compile(r"[a-z0-9_-]{1,63}")
SECRET = re.compile(
    r"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]+):[0-9]{12}"
    r":secret:[\w/+=.@-]+-[A-Za-z0-9]{6}"
)
SECRET_SHAPE = "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf, with AWS's own last six"  # noqa: S105 - a shape
