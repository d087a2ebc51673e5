"""The one place that asks for pulumi-aws, which comes with an extra of its own."""

from __future__ import annotations

from typing import Any

import pulumi


def pulumi_aws(wanted_by: str) -> Any:  # noqa: ANN401 - a module that may not be there
    """Return pulumi-aws.

    Args:
        wanted_by: The public name that cannot do without it.

    Raises:
        pulumi.RunError: It is not installed; the text says which extra brings it.
    """
    try:
        import pulumi_aws as found  # noqa: PLC0415 - only who makes servers needs it
    except ModuleNotFoundError as error:
        if error.name != "pulumi_aws":
            raise
        raise pulumi.RunError(
            f"lictor.{wanted_by} needs pulumi-aws; install it with: pip install 'lictor[servers]'"
        ) from None
    return found
