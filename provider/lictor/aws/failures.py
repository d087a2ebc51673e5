"""What boto3 raises, said in our own errors: which call, which region, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConnectionError,  # noqa: A004 - botocore's, of which a builtin has the name
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from lictor import errors

if TYPE_CHECKING:
    from lictor.model import AWSAccess

RAISED = (ClientError, BotoCoreError, ResponseParserError)
"""All that a call of boto3 raises."""

NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError)
"""Failures of the network before a call reached AWS."""

THROTTLED = {
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
"""Codes by which AWS says: not so fast."""

UNKNOWN_IDENTITY = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
"""Codes by which AWS says: I do not know you, or not any more."""

_DENIED = {"AccessDenied", "AccessDeniedException", "OptInRequired", "UnauthorizedOperation"}
_REJECTED = {
    "InvalidParameterValue",
    "InvalidTarget",
    "InvalidTargetException",
    "TooManyRegistrationsForTargetId",
    "ValidationError",
}
_QUOTA = {"TooManyTargets"}
_NOT_FOUND = {"TargetGroupNotFound", "TargetGroupNotFoundException"}
_NAMES_TARGETS = ("RegisterTargets", "DeregisterTargets")
_SERVICES = {
    "elbv2": ("Elastic Load Balancing", "elasticloadbalancing"),
    "ec2": ("EC2", "ec2"),
    "sts": ("STS", "sts"),
}


def of(error: Exception, operation: str, access: AWSAccess, service: str) -> errors.AWSError:
    """Translate an error of boto3.

    Args:
        error: What boto3 raised.
        operation: The call, as IAM names it without its service.
        access: The way of access that the call took.
        service: boto3's name of the service.
    """
    if isinstance(error, ClientError):
        if error.operation_name.startswith("AssumeRole"):  # on the way to the call
            operation, service = error.operation_name, "sts"
        return _answered(error, operation, access, service)
    remote, said = _remote(access, service), errors.remote_text(str(error))
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return missing_credentials(access)
    if isinstance(
        error,
        (
            ProfileNotFound,
            ConfigNotFound,
            CredentialRetrievalError,
            MetadataRetrievalError,
            SSOError,
            TokenRetrievalError,
        ),
    ):
        return errors.CredentialsMissing(
            f"AWS credentials{_of_profile(access)} cannot be had: {said.rstrip('.: ')};"
            " check aws:profile and the AWS_* environment"
        )
    if isinstance(error, (HTTPClientError, ConnectionError)):
        return errors.AWSError(f"{remote}: {operation}: {_of_the_way(error)}")
    if isinstance(error, ResponseParserError):
        return errors.AWSError(
            f"{remote}: {operation}: the answer cannot be read; is there a proxy in between?"
        )
    if isinstance(error, NoRegionError):
        said = "no region is known; set aws:region, or AWS_REGION"
    return errors.AWSError(f"{remote}: {operation}: {said}")


def _of_the_way(error: HTTPClientError | ConnectionError) -> str:
    """Say what failed on the way to AWS, and what to look at.

    The URL of a proxy may carry a password, and what cannot be sent at all is mostly a header,
    with a token in it: of these only the kind of the error is told.
    """
    if isinstance(error, ProxyConnectionError):
        return "the proxy cannot be reached; check the network, HTTPS_PROXY and NO_PROXY"
    inner = error.kwargs.get("error")
    if type(error) is HTTPClientError and not isinstance(inner, OSError):
        return (
            f"the request cannot be sent ({type(inner).__name__}); check aws:token, the AWS_*"
            " environment and HTTPS_PROXY for line breaks and other stray characters"
        )
    said = errors.remote_text(str(error)).rstrip(".")
    return f"{said}; check the network and aws:endpoints"


def missing_credentials(access: AWSAccess) -> errors.CredentialsMissing:
    """Say that there are no credentials anywhere, or not in the profile."""
    return errors.CredentialsMissing(
        f"no AWS credentials found{_of_profile(access)}; set aws:accessKey and aws:secretKey,"
        " aws:profile, or the usual AWS_* environment"
    )


def _of_profile(access: AWSAccess) -> str:
    return f" in profile {access.profile}" if access.profile else ""


def code_of(error: BaseException | None) -> str:
    """Return the code that AWS answered with; empty for all other failures."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def message_of(error: BaseException | None) -> str:
    """Return the whole message that AWS answered with; empty for all other failures."""
    if not isinstance(error, ClientError):
        return ""
    return error.response.get("Error", {}).get("Message", "")


def without_effect(error: errors.AWSError) -> bool:
    """Whether AWS said that it did nothing at all."""
    cause = error.__cause__
    codes = UNKNOWN_IDENTITY | _DENIED | _NOT_FOUND | THROTTLED
    unsent = isinstance(cause, BotoCoreError) and not isinstance(cause, HTTPClientError)
    return code_of(cause) in codes or unsent or isinstance(cause, NEVER_SENT)


def _answered(
    error: ClientError, operation: str, access: AWSAccess, service: str
) -> errors.AWSError:
    """Translate an error that AWS answered with."""
    remote, code = _remote(access, service), code_of(error)
    said = errors.remote_text(message_of(error) or code)
    if code in UNKNOWN_IDENTITY:
        return errors.AccessDenied(
            f"{remote} does not accept the credentials for {operation} ({code}: {said}); renew"
            " them, or check aws:accessKey, aws:profile and the AWS_* environment"
        )
    if code in _DENIED:
        prefix = _SERVICES.get(service, (service, service))[1]
        return errors.AccessDenied(
            f"{remote} denies {operation} ({code}: {said}); allow {prefix}:{operation} to this"
            " identity"
        )
    if code in _NOT_FOUND:
        return errors.TargetGroupNotFound(
            f"{remote} knows no such target group ({said}); check the ARN and the account"
        )
    if code in _QUOTA:
        return errors.QuotaExceeded(
            f"{remote}: {code}: {said.rstrip('.')}; raise the quota, or spread over more groups"
        )
    if code in _REJECTED and operation in _NAMES_TARGETS:
        return errors.TargetsRejected(f"{code}: {said}")
    what = (
        "it will be tried again"
        if _passes(error, code)
        else f"see what AWS's reference of {operation} says of {code}, or ask its support"
    )
    return errors.AWSError(f"{remote}: {operation} failed ({code}: {said}); {what}")


def _passes(error: ClientError, code: str) -> bool:
    """Whether a failure is AWS's own, and passes."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code in THROTTLED or status >= 500  # noqa: PLR2004 - where HTTP's server errors begin


def _remote(access: AWSAccess, service: str) -> str:
    """Name whom we speak to."""
    endpoint = dict(access.endpoints).get(service)
    where = f" at {endpoint}" if endpoint else ""
    within = f" in {access.region}" if access.region else ""
    return f"{_SERVICES.get(service, (service,))[0]}{within}{where}"
