"""Where the tools are: what `make` puts first on PATH, whoever starts us."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ROOT / ".tools/site-packages"
"""Where packages lie, each in a folder, that only some tests put on PYTHONPATH."""


def search_path() -> str:
    """Return PATH with the project's own interpreter and tools first."""
    return os.pathsep.join([str(ROOT / ".venv/bin"), str(ROOT / ".tools/bin"), os.environ["PATH"]])
