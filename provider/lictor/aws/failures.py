"""What boto3 raises, said in our own errors: which call, which region, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import (
    ClientError,
    ConfigNotFound,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

from lictor import errors

if TYPE_CHECKING:
    from lictor.model import AWSAccess

_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
}
_REJECTED = {
    "InvalidParameterValue",
    "InvalidTarget",
    "InvalidTargetException",
    "TooManyRegistrationsForTargetId",
    "ValidationError",
}
_QUOTA = {"TooManyTargets"}
_NOT_FOUND = {"TargetGroupNotFound", "TargetGroupNotFoundException"}


def of(error: Exception, operation: str, access: AWSAccess) -> errors.AWSError:
    """Translate an error of boto3.

    Args:
        error: What boto3 raised.
        operation: The call, as IAM names it without its service.
        access: The way of access that the call took.
    """
    remote = _remote(access)
    if isinstance(error, ClientError):
        return _answered(error, operation, remote)
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return errors.CredentialsMissing(
            f"{remote}: no AWS credentials found; set aws:accessKey and aws:secretKey,"
            " aws:profile, or the usual AWS_* environment"
        )
    said = errors.remote_text(str(error))
    if isinstance(
        error, (ProfileNotFound, ConfigNotFound, CredentialRetrievalError, TokenRetrievalError)
    ):
        return errors.CredentialsMissing(
            f"{remote}: {said}; check aws:profile and the AWS_* environment"
        )
    if isinstance(error, HTTPClientError):
        return errors.AWSError(
            f"{remote}: {operation}: {said}; check the network and aws:endpoints"
        )
    return errors.AWSError(f"{remote}: {operation}: {said}")


def _answered(error: ClientError, operation: str, remote: str) -> errors.AWSError:
    """Translate an error that AWS answered with."""
    detail = error.response.get("Error", {})
    code = detail.get("Code", "")
    said = errors.remote_text(detail.get("Message", "") or code)
    if code in _DENIED:
        return errors.AccessDenied(
            f"{remote} denies {operation} ({code}: {said}); allow"
            f" elasticloadbalancing:{operation} to this identity"
        )
    if code in _NOT_FOUND:
        return errors.TargetGroupNotFound(
            f"{remote} knows no such target group ({said}); check the ARN and the account"
        )
    if code in _QUOTA:
        return errors.QuotaExceeded(f"{remote}: {code}: {said}")
    if code in _REJECTED:
        return errors.TargetsRejected(f"{code}: {said}")
    return errors.AWSError(f"{remote}: {operation} failed ({code}: {said}); it will be tried again")


def _remote(access: AWSAccess) -> str:
    """Name whom we speak to."""
    endpoint = dict(access.endpoints).get("elbv2")
    where = f" at {endpoint}" if endpoint else ""
    return f"Elastic Load Balancing in {access.region}{where}"
