"""What an instance knows of itself: its id and its region, from EC2's metadata service.

Asked once and briefly (version 2, with a token): who is no instance gets no answer. The usual
variables hold: ``AWS_EC2_METADATA_DISABLED``, ``AWS_EC2_METADATA_SERVICE_ENDPOINT``.
"""

from __future__ import annotations

import botocore.session
from botocore.exceptions import BotoCoreError
from botocore.utils import IMDSFetcher, resolve_imds_endpoint_mode

_TIMEOUT = 1


def own_id() -> str:
    """Return the id of the instance that this runs on; empty where there is no telling."""
    return _ask("latest/meta-data/instance-id")


def own_region() -> str:
    """Return the region that is configured for AWS's tools, else that of this instance."""
    configured = botocore.session.Session().get_config_variable("region")
    return str(configured or "") or _ask("latest/meta-data/placement/region")


def _ask(path: str) -> str:
    core = botocore.session.Session()
    config = {
        "ec2_metadata_service_endpoint": core.get_config_variable("ec2_metadata_service_endpoint"),
        "ec2_metadata_service_endpoint_mode": resolve_imds_endpoint_mode(core),
        "ec2_metadata_v1_disabled": True,
    }
    try:
        return _Fetcher(timeout=_TIMEOUT, num_attempts=1, config=config).ask(path)
    except BotoCoreError:
        return ""


class _Fetcher(IMDSFetcher):
    """Asks for one thing, as its neighbours of botocore's ask for theirs."""

    def ask(self, path: str) -> str:
        """Return a text; empty where nobody answers."""
        try:
            token = self._fetch_metadata_token()  # type: ignore[attr-defined] # not in the stubs
            answer = self._get_request(path, self._default_retry, token=token)  # type: ignore[attr-defined] # the same
        except self._RETRIES_EXCEEDED_ERROR_CLS:  # type: ignore[attr-defined] # the same
            return ""
        return str(answer.text).strip()
