"""Files of consul-ec2-alb that are read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.watch.engine.files import Files

if TYPE_CHECKING:
    from pathlib import Path

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/0123456789abcdef"
GROUP = f'target_group "{ARN}" {{\n  service = "web"\n}}\n'
CONSUL = 'consul {\n  address = "10.0.0.1:8500"\n  token = "old"\n}\n'


def test_groups_are_read_again(tmp_path: Path) -> None:
    """Whatever else stands in the files; the same Consul may be written in other words."""
    path = tmp_path / "alb.hcl"
    path.write_text(CONSUL)
    files = Files([path])
    path.write_text(CONSUL.replace("\n", "  # the same\n") + GROUP)
    files.reload()
    assert len(files.wanted.entries) == 1


@pytest.mark.parametrize(
    "changed", [CONSUL.replace("old", "new"), CONSUL.replace(".1:", ".2:"), ""]
)
def test_another_consul_takes_a_restart(tmp_path: Path, changed: str) -> None:
    """Lock and pauses are at the first one; two halves of a watch do not ask two Consuls."""
    path = tmp_path / "alb.hcl"
    path.write_text(CONSUL)
    files = Files([path])
    before = files.config
    path.write_text(changed + GROUP)
    with pytest.raises(errors.SettingsError, match=r"another Consul.*restart it") as caught:
        files.reload()
    assert "new" not in str(caught.value)
    assert files.config == before
