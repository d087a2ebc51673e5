"""The CLI that cannot even be started."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.watch.engine.child import Started

if TYPE_CHECKING:
    from pathlib import Path


def test_no_room_for_what_it_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours, which the loop tells and tries again."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
    with pytest.raises(errors.EngineError, match="no temporary folder: No such file"):
        Started(tmp_path, ["version"], {})
