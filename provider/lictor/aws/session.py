"""boto3 clients: one for each way of access, made once, with limits on every wait."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from lictor.aws import failures

if TYPE_CHECKING:
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client

    from lictor.model import AWSAccess

_MAKING = threading.Lock()  # making sessions and clients is not safe between threads, using is

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 5},
    user_agent_extra="lictor",
)


def elbv2(access: AWSAccess) -> ElasticLoadBalancingv2Client:
    """Return the client for target groups.

    Raises:
        errors.CredentialsMissing: The profile does not exist.
    """
    with _MAKING:
        return _elbv2(access)


@lru_cache(maxsize=256)
def _elbv2(access: AWSAccess) -> ElasticLoadBalancingv2Client:
    session = _session(access)
    return session.client("elbv2", endpoint_url=dict(access.endpoints).get("elbv2"), config=_CONFIG)


@lru_cache(maxsize=64)
def _session(access: AWSAccess) -> boto3.Session:
    """Make a session; the metadata service is asked once and briefly, never waited for."""
    core = botocore.session.Session()
    core.set_config_variable("metadata_service_timeout", 1)
    core.set_config_variable("metadata_service_num_attempts", 1)
    try:
        return boto3.Session(
            botocore_session=core,
            region_name=access.region or None,
            profile_name=access.profile or None,
            aws_access_key_id=access.access_key or None,
            aws_secret_access_key=access.secret_key or None,
            aws_session_token=access.token or None,
        )
    except BotoCoreError as error:
        raise failures.of(error, "sign in", access) from error
