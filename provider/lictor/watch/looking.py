"""Consul's view beside the load balancer's, for all of a stack's groups."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.resources import tokens, viewing
from lictor.resources.remotes import Remotes
from lictor.resources.run import Run
from lictor.watch import agreement
from lictor.watch.agreement import Row, View
from lictor.watch.engine import state
from lictor.watch.engine.backends import without_password

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.watch.engine.engine import Engine


def rows(outputs: Mapping[str, Mapping[str, Any]], remotes: Remotes) -> tuple[Row, ...]:
    """Look at every group; what does not agree comes first.

    Args:
        outputs: Name of the resource -> its outputs.
        remotes: Consul and AWS.

    Raises:
        errors.LictorError: One of them does not answer.
    """
    views = []
    for name, properties in outputs.items():
        seen = viewing.sight(properties, remotes)
        said = agreement.seen(seen.answers, seen.addressing)
        views.append(View(name, said, seen.listing, seen.recorded))
    return agreement.rows(views)


def glance(engine: Engine) -> tuple[Row, ...]:
    """Look at all groups that the stack's state has.

    Raises:
        errors.LictorError: The state, Consul or AWS does not answer.
    """
    remotes = Remotes(config(engine).get, engine.env, Run())
    return rows(recorded(engine), remotes)


def recorded(engine: Engine) -> dict[str, dict[str, Any]]:
    """Read the outputs of lictor's resources out of the stack's state: name -> outputs.

    Raises:
        errors.EngineError: The state cannot be read.
    """
    return {
        resource.urn.rsplit("::", 1)[-1]: resource.outputs
        for resource in state.read(engine).resources
        if resource.type == tokens.ATTACHMENTS and resource.outputs
    }


def config(engine: Engine) -> dict[str, str]:
    """Read the stack's config, decrypted: full key -> text.

    Raises:
        errors.EngineError: It cannot be read.
    """
    if engine.declared is not None:
        return dict(engine.declared.config)
    ended = engine.command("config", "--json", "--show-secrets")
    if ended.code:
        raise errors.EngineError(
            f"the config of stack {engine.project.stack} cannot be read: {ended.text.strip()}"
        )
    said: dict[str, dict[str, Any]] = json.loads(ended.out)
    return {key: str(entry["value"]) for key, entry in said.items() if "value" in entry}


def backend(engine: Engine) -> str:
    """Name the backend that keeps the stack's state, as no other watcher's may be called.

    A folder is one of this host; a password in the URL is no part of the name, which many may read.

    Raises:
        errors.EngineError: The CLI does not tell.
    """
    ended = engine.command("whoami", "--json", stack=False)
    if ended.code:
        raise errors.EngineError(f"the backend cannot be told: {ended.text.strip()}")
    url = without_password(str(json.loads(ended.out)["url"]))
    return f"{url} on {socket.gethostname()}" if url.startswith("file:") else url
