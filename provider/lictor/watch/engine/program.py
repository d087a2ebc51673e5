"""The project's program, run in this process.

Each run executes ``__main__.py`` afresh, and imports afresh what lies beside it: both may have
been edited meanwhile.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path


def run(main: Path) -> None:
    """Execute a program as `python` would, in its folder."""
    before, where = set(sys.modules), Path.cwd()
    sys.path.insert(0, str(main.parent))
    os.chdir(main.parent)
    try:
        runpy.run_path(str(main), run_name="__main__")
    finally:
        os.chdir(where)
        sys.path.remove(str(main.parent))
        for name in _beside(main.parent, set(sys.modules) - before):
            del sys.modules[name]


def _beside(folder: Path, names: set[str]) -> list[str]:
    """List the modules that belong to the project, not to its virtual environment."""
    found = []
    for name in names:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(folder) and "site-packages" not in Path(file).parts:
            found.append(name)
    return found
