"""`python -m bench`: prints the tables that `bench/README.md` keeps."""

from __future__ import annotations

import argparse
import sys

from bench import updates


def main() -> None:
    """Run the benchmark that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--targets", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--samples", type=int, default=5, help="changes measured for each row")
    options = parser.parse_args()
    sys.stdout.write(f"{updates.HEADER}\n")
    for row in updates.measure(options.targets, options.samples):
        sys.stdout.write(f"{row.text()}\n")
        sys.stdout.flush()


main()
