"""What stands in users' state and may never move without leaving its old name behind."""

from __future__ import annotations

import base64

from pulumi.dynamic.dynamic import serialize_provider

from lictor.resources.attachments import AttachmentsProvider, TargetGroupAttachments
from lictor.resources.claims import Who
from lictor.resources.external_node import ExternalNode, ExternalNodeProvider
from lictor.resources.leader_tag import LeaderTag, LeaderTagProvider
from lictor.resources.servers import cluster, image

_BLOB = (
    "gASVPgAAAAAAAACMHGxpY3Rvci5yZXNvdXJjZXMuYXR0YWNobWVudHOUjBNBdHRhY2ht"
    "ZW50c1Byb3ZpZGVylJOUKYGUfZRiLg=="
)

_LEADER = (
    "gASVOwAAAAAAAACMG2xpY3Rvci5yZXNvdXJjZXMubGVhZGVyX3RhZ5SMEUxlYWRlclRhZ1"
    "Byb3ZpZGVylJOUKYGUfZRiLg=="
)
_NODE = (
    "gASVQQAAAAAAAACMHmxpY3Rvci5yZXNvdXJjZXMuZXh0ZXJuYWxfbm9kZZSMFEV4dGVybm"
    "FsTm9kZVByb3ZpZGVylJOUKYGUfZRiLg=="
)


def test_the_provider_is_pickled_by_reference() -> None:
    """State has the class's name and nothing else: no code, no attribute, no configuration."""
    provider = AttachmentsProvider()
    provider.secret = "s3cr3t"  # type: ignore[attr-defined] # noqa: S105 - what somebody may do one day
    blob = serialize_provider(provider)
    assert blob == _BLOB
    assert b"s3cr3t" not in base64.b64decode(blob)
    assert AttachmentsProvider.serialize_as_secret_always is False


def test_the_other_providers_too() -> None:
    """By reference, as above."""
    assert serialize_provider(ExternalNodeProvider()) == _NODE
    assert ExternalNodeProvider.serialize_as_secret_always is False
    assert serialize_provider(LeaderTagProvider()) == _LEADER
    assert LeaderTagProvider.serialize_as_secret_always is False


def test_who_a_resource_is() -> None:
    """Inputs and outputs tell by these keys; a root resource has no parent."""
    assert Who._fields == ("name", "parent")
    assert Who.of({"name": "web"}) == Who("web", "")
    assert Who.of({"name": "web", "parent": "x:y:Site"}) == Who("web", "x:y:Site")


def test_the_type_token() -> None:
    """The engine finds a resource by its type."""
    assert ExternalNode._resource_type_name == "dynamic/lictor:ExternalNode"  # noqa: SLF001 - as below
    assert LeaderTag._resource_type_name == "dynamic/lictor:LeaderTag"  # noqa: SLF001 - as below
    assert TargetGroupAttachments._resource_type_name == "dynamic/lictor:TargetGroupAttachments"  # noqa: SLF001 - the SDK makes the token of it


def test_the_type_tokens_of_components() -> None:
    """A component's children stand under its type in their names."""
    assert cluster.TYPE == "lictor:index:ConsulServerCluster"
    assert image.TYPE == "lictor:index:ConsulServerImage"
