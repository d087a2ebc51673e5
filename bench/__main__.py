"""`python -m bench`: prints the tables that `bench/README.md` keeps."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from bench import esm, esm_sharing, first, plan, preview, resident, unchanged, updates, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    Measure = Callable[[argparse.Namespace], Iterator[str]]

BENCHES: dict[str, tuple[ModuleType, Measure]] = {
    "plan": (plan, lambda options: plan.measure(10_000, 3 * options.samples)),
    "preview": (preview, lambda options: preview.measure([10, 100, 1000], options.samples)),
    "first": (first, lambda _: first.measure([1, 4], 1000)),
    "unchanged": (unchanged, lambda _: unchanged.measure(10, 10)),
    "updates": (updates, lambda options: updates.measure([100, 1000], options.samples)),
    "watch": (watch, lambda options: watch.measure(watch.CASES, options.samples)),
    "esm": (esm, lambda _: esm.measure(esm.CASES)),
    "esm-sharing": (esm_sharing, lambda options: esm_sharing.measure(options.samples)),
    "resident": (resident, lambda options: resident.measure(20 * options.samples)),
}


def main() -> None:
    """Run the benchmarks that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("which", nargs="?", default="all", choices=["all", *BENCHES])
    parser.add_argument("--samples", type=int, default=5, help="runs measured for each figure")
    options = parser.parse_args()
    for name, (module, measure) in BENCHES.items():
        if options.which in ("all", name):
            title = (module.__doc__ or "").splitlines()[0]
            _say(f"\n{name}: {title} (load average {os.getloadavg()[0]:.1f})\n\n{module.HEADER}")
            for row in measure(options):
                _say(row)


def _say(text: str) -> None:
    """Print at once: a row may take minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


main()
