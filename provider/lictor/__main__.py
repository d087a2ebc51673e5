"""`python -m lictor`."""

from lictor.cli import main

main()
