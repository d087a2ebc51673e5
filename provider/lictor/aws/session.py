"""boto3 clients: one for each way of access, made once, with limits on every wait."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import ContainerProvider
from botocore.loaders import create_loader
from botocore.utils import ContainerMetadataFetcher

from lictor import errors
from lictor.aws import attempts, counting, failures, roles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.credentials import Credentials
    from types_boto3_ec2 import EC2Client
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client

    from lictor.model import AWSAccess

_ATTEMPTS = 8
"""About half a minute of throttling, or 3 s of 5xx. botocore alone retries: nothing wraps it."""

# The metadata service is asked once and briefly, never waited for.
_METADATA = {"metadata_service_timeout": 1, "metadata_service_num_attempts": 1}

_LOADER = create_loader(os.environ.get("AWS_DATA_PATH"))
"""AWS's services as botocore knows them: megabytes of JSON, read once for all sessions."""

_REMEMBERED = 10.0
"""How long the absence of credentials is believed, in seconds: finding out takes some."""

_MAKING = threading.RLock()  # making sessions and clients is not safe between threads, using is
_missing: dict[AWSAccess, tuple[float, str]] = {}


def elbv2(access: AWSAccess) -> ElasticLoadBalancingv2Client:
    """Return the client for target groups.

    Raises:
        errors.CredentialsMissing: No credentials anywhere, or the profile does not exist.
    """
    with _MAKING:
        client: ElasticLoadBalancingv2Client = _client("elbv2", access)
        return client


def ec2(access: AWSAccess) -> EC2Client:
    """Return the client for instances and networks; raises as `elbv2`."""
    with _MAKING:
        client: EC2Client = _client("ec2", access)
        return client


def whoami(access: AWSAccess) -> str:
    """Tell as whom calls are made: an ARN. AWS needs no permission for that.

    Raises:
        errors.AWSError: The call failed, or there are no credentials.
    """
    with translated("GetCallerIdentity", access, "sts"), _MAKING:
        return str(_client("sts", access).get_caller_identity()["Arn"])


@contextmanager
def translated(operation: str, access: AWSAccess, service: str = "elbv2") -> Iterator[None]:
    """Turn what boto3 raises into our errors.

    Credentials that AWS does not accept any more are forgotten: the next call looks for new ones.
    """
    try:
        yield
    except failures.RAISED as error:
        if failures.code_of(error) in failures.UNKNOWN_IDENTITY:
            forget()
        raise failures.of(error, operation, access, service) from error


def forget() -> None:
    """Drop every client and all credentials."""
    with _MAKING:
        _client.cache_clear()
        _session.cache_clear()
        _found.cache_clear()
        _missing.clear()


@lru_cache(maxsize=512)
def _client(service: Literal["ec2", "elbv2", "sts"], access: AWSAccess) -> Any:  # noqa: ANN401 - of three kinds
    endpoint = dict(access.endpoints).get(service)
    made = _session(access)
    client = made.client(service, endpoint_url=endpoint, config=_config(made._session))  # noqa: SLF001
    counting.watch(client.meta.events, service)
    if service == "elbv2":
        attempts.watch(client.meta.events)
    return client


@lru_cache(maxsize=64)
def _session(access: AWSAccess) -> boto3.Session:
    """Make a session that speaks as the last of the roles, or as whoever we are."""
    credentials = _own(replace(access, endpoints=(), roles=()))
    for role in access.roles:
        credentials = roles.assumed(role, credentials, partial(_made, access))
    core = _core(access)
    core.register_component("credential_provider", roles.Given(credentials))
    return boto3.Session(botocore_session=core, region_name=access.region or None)


def _made(access: AWSAccess, service: str, **keys: Any) -> Any:  # noqa: ANN401 - made at run time
    """Make a client with keys of its own: botocore renews roles with it."""
    core = _core(access)
    return core.create_client(
        service,
        region_name=access.region or None,
        endpoint_url=dict(access.endpoints).get(service),
        config=_config(core),
        **keys,
    )


def _own(access: AWSAccess) -> Credentials:
    """Find the credentials that were given, or those that boto3 finds.

    A session without any must not be kept: it would never look again. That there are none is
    remembered for a moment, so that a hundred resources do not each wait for the metadata
    service.
    """
    until, text = _missing.get(access, (0.0, ""))
    if time.monotonic() < until:
        raise errors.CredentialsMissing(text)
    try:
        with translated("sign in", access):
            return _found(access)
    except errors.CredentialsMissing as error:
        _missing[access] = (time.monotonic() + _REMEMBERED, str(error))
        raise


@lru_cache(maxsize=64)
def _found(access: AWSAccess) -> Credentials:
    session = boto3.Session(
        botocore_session=_core(access),
        region_name=access.region or None,  # where a profile's role is assumed
        profile_name=access.profile or None,
        aws_access_key_id=access.access_key or None,
        aws_secret_access_key=access.secret_key or None,
        aws_session_token=access.token or None,
    )
    credentials = session.get_credentials()
    if credentials is None:
        raise failures.missing_credentials(access)
    credentials.get_frozen_credentials()  # what is to be fetched first, such as a profile's role
    return credentials


def _core(access: AWSAccess) -> botocore.session.Session:
    """Make botocore's own session; explicit keys are not overruled by a profile around us."""
    explicit = {"profile": (None, None, None, None)} if access.access_key else None
    core = botocore.session.Session(session_vars=explicit)
    if access.profile:
        core.set_config_variable("profile", access.profile)
    core.register_component("data_loader", _LOADER)
    for name, value in _METADATA.items():
        core.set_config_variable(name, value)
    chain = core.get_component("credential_provider")
    brief = ContainerProvider(fetcher=_BriefFetcher())  # type: ignore[arg-type] # wrong in the stubs
    chain.insert_after(ContainerProvider.METHOD, brief)
    chain.remove(ContainerProvider.METHOD)  # the first of the two: botocore's own
    core.set_default_client_config(_config(core))  # for STS, asked on behalf of a profile
    return core


def _config(core: botocore.session.Session) -> Config:
    """Make the settings of a client; how often it tries may stand in AWS's own files."""
    attempts_set = core.get_config_variable("max_attempts")
    return Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": attempts_set or _ATTEMPTS},
        parameter_validation=False,  # AWS says better, and for one target, not the whole call
        user_agent_extra="lictor",
    )


class _BriefFetcher(ContainerMetadataFetcher):
    """Asks a container's metadata service for 2 s at most, not for 8."""

    TIMEOUT_SECONDS = 1
    RETRY_ATTEMPTS = 2
    SLEEP_TIME = 0
