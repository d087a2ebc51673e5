"""Roles to assume, one after the other, each renewed by botocore before it expires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import Credentials

    from lictor.model import AssumedRole

_SESSION_NAME = "lictor"
_EARLY = 60
"""Seconds before its end in which a role is not used any more."""


class _Renewed(DeferredRefreshableCredentials):
    """Credentials that are fetched when first needed, and again a little before they expire.

    botocore would renew a quarter of an hour before: a role of that length, with every call.
    """

    _advisory_refresh_timeout = 5 * 60
    _mandatory_refresh_timeout = 2 * 60


class Given:
    """botocore's place for credentials, with those that it shall take."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> Credentials:
        """Return them; botocore calls this."""
        return self._credentials


def assumed(role: AssumedRole, source: Credentials, make_client: Callable[..., Any]) -> Credentials:
    """Return the credentials of a role that `source` may assume; no call is made yet.

    Args:
        role: The role.
        source: Whoever assumes it.
        make_client: Makes a client, as botocore's ``Session.create_client`` does.
    """
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=make_client,
        source_credentials=source,
        role_arn=role.role_arn,
        extra_args=_arguments(role),
        expiry_window_seconds=_EARLY,
    )
    return _Renewed(refresh_using=fetcher.fetch_credentials, method="assume-role")


def _arguments(role: AssumedRole) -> dict[str, Any]:
    """Say the role as STS wants it, without what was left out."""
    arguments = {
        "RoleSessionName": role.session_name or _SESSION_NAME,
        "ExternalId": role.external_id,
        "DurationSeconds": role.duration,
        "Policy": role.policy,
        "PolicyArns": [{"arn": arn} for arn in role.policy_arns],
        "SourceIdentity": role.source_identity,
        "Tags": [{"Key": key, "Value": value} for key, value in role.tags],
        "TransitiveTagKeys": list(role.transitive_tag_keys),
    }
    return {name: value for name, value in arguments.items() if value}
