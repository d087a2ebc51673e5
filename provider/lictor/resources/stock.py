"""The adapter between Pulumi's stock host for dynamic providers and lictor's functions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from pulumi import dynamic

from lictor import errors
from lictor.resources import orphan, quiet
from lictor.resources.remotes import Remotes
from lictor.resources.run import Run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    import pulumi

    from lictor.resources.kinds import Kind

_RUN = Run()
"""The run of this process: the stock host starts one for each."""
_STOPS = "the run stops here; other resources may or may not have been applied"


def check(
    kind: Kind, olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes
) -> tuple[dict[str, Any], str | None]:
    """Read the remotes and plan.

    Returns:
        The inputs of this run, and the problem that forbids to use them or None.
    """
    try:
        return kind.inputs(olds, news, remotes), None
    except errors.LictorError as error:
        return {key: value for key, value in news.items() if value is not None}, str(error)


class Provider(dynamic.ResourceProvider):
    """Serves one type of resource; each has a subclass of its own, whose name is in state.

    Pickled by reference and without state: a token in an attribute would stand in users' state.
    """

    serialize_as_secret_always = False
    kind: ClassVar[Kind]

    def __getstate__(self) -> dict[str, Any]:
        """Leave everything out of the pickle but the class's name."""
        return {}

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Take the stack's config, decrypted; called once in each process of the host."""
        quiet.tracebacks()
        orphan.ends_with_its_engine()
        self._config = req.config

    def _remotes(self) -> Remotes:
        return Remotes(config=self._config.get, env=os.environ, run=_RUN)

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        """Read and plan; a problem is a failure of the resource, never an exception."""
        try:
            inputs, problem = check(self.kind, olds, news, self._remotes())
        except BaseException as error:  # an exit, too: it would hang the engine for ever
            if os.environ.get("LICTOR_DEBUG"):
                raise
            inputs, problem = dict(news), quiet.explain(error)
        said = f"{problem}\n{_STOPS}"
        failures = [] if problem is None else [dynamic.CheckFailure("", said)]
        return dynamic.CheckResult(inputs, failures)

    @quiet.guarded
    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Compare the plan with what the last run left."""
        found = self.kind.compare(olds, news)
        return dynamic.DiffResult(
            changes=found.changes, replaces=list(found.replaces), delete_before_replace=False
        )

    @quiet.guarded
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Make the resource."""
        outputs = self.kind.create(props, self._remotes())
        return dynamic.CreateResult(self.kind.id_of(props), outputs)

    @quiet.guarded
    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        """Bring the resource to the plan."""
        return dynamic.UpdateResult(self.kind.update(olds, news, self._remotes()))

    @quiet.guarded
    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """Say what stands; what is gone takes the resource with it."""
        found = self.kind.read(props, self._remotes())
        if found is None:
            return dynamic.ReadResult(None, {})
        outputs, inputs = found
        return dynamic.ReadResult(id_, outputs, inputs)

    @quiet.guarded
    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Take away what is its."""
        self.kind.delete(props, self._remotes())


def parent_of(opts: pulumi.ResourceOptions | None) -> Awaitable[str | None] | None:
    """Tell a resource's parents, as its URN does: the stock host tells a provider no URN.

    No ``Output``: with it the resource would depend on its parent's children, of which it is one.
    """
    parent = opts.parent if opts else None
    return None if parent is None else _types(parent)


async def _types(resource: pulumi.Resource) -> str | None:
    """Take the types out of a resource's URN; the stack itself is no parent in URNs."""
    urn = await resource.urn.future()
    types = str(urn).split("::")[2]
    return None if types == "pulumi:pulumi:Stack" else types
