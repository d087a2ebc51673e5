"""The command line of `lictor esm`: consul-esm's flags, in all forms of Go's, and ours.

``-x v``, ``-x=v``, ``--x v`` and ``--x=v`` are the same; files and folders keep their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = """Usage: lictor esm [options]

  -config-dir PATH
        A folder to look for config files in; files named *.hcl and *.json are read, in the order
        of their names. May stand several times.
  -config-file PATH
        A config file. May stand several times.
  -workers N
        Run probes in N processes beside this one; for more checks than one process can do.
  -version, -v
        Print the version.
  -h, -help
        Print this text.

Without a file the defaults hold, and Consul is asked where CONSUL_HTTP_ADDR says. Config that
cannot be ends in exit code 11, as it does in consul-esm."""

_VALUED = ("config-dir", "config-file", "workers")


@dataclass(frozen=True, slots=True)
class Flags:
    """What was given.

    Attributes:
        places: Files and folders, in order.
        workers: Processes for probes.
        version: Whether the version is asked for.
        usage: Whether usage is asked for.
    """

    places: tuple[str, ...] = ()
    workers: int = 0
    version: bool = False
    usage: bool = False


def read(arguments: Sequence[str]) -> Flags:
    """Read the command line.

    Raises:
        errors.SettingsError: It cannot be read; the text has the usage, too.
    """
    places: list[str] = []
    workers, version, usage = 0, False, False
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, value = argument.lstrip("-").partition("=")
        if not argument.startswith("-") or argument in ("-", "--"):
            raise _bad(f"unexpected argument: {argument}")
        if name in ("h", "help"):
            usage = True
        elif name in ("v", "version"):
            version = True
        elif name not in _VALUED:
            raise _bad(f"flag provided but not defined: -{name}")
        else:
            if not equals:
                if not rest:
                    raise _bad(f"flag needs an argument: -{name}")
                value = rest.pop(0)
            if name == "workers":
                workers = _number(value)
            else:
                places.append(value)
    return Flags(tuple(places), workers, version, usage)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text[:9]) > 64:  # noqa: PLR2004 - enough
        raise _bad(f'invalid value "{text}" for flag -workers: expected 0 to 64')
    return int(text)


def _bad(why: str) -> errors.SettingsError:
    return errors.SettingsError(f"{USAGE}\nerror parsing flags: {why}")
