"""The adapter between Pulumi's engine and lictor's functions, in this process.

It attaches (``PULUMI_DEBUG_PROVIDERS``) in place of the SDK's host for dynamic providers, whose
protocol and state it keeps, and gives what that one cannot: a resource whose source cannot be
trusted keeps its last inputs while all others go through, a diff names the targets that change,
an error is its text. ``Handshake`` is left out on purpose: with it the engine creates in preview.
"""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import ResourceProviderServicer, plugin_pb2, provider_pb2

from lictor import errors
from lictor.resources import quiet, served, tokens
from lictor.resources.kinds import PROVIDER, Difference
from lictor.watch.engine import structs
from lictor.watch.engine.calls import Calls
from lictor.watch.engine.detail import detailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lictor.resources.kinds import Kind
    from lictor.resources.remotes import Remotes
    from lictor.watch.engine.others import Others
    from lictor.watch.engine.outcome import Groups
    from lictor.watch.engine.scope import Scope

S = TypeVar("S", bound="Servicer")
_NOTHING: Mapping[str, Any] = {"targets": {}, "held": {}, "recent": {}}
"""The plan of a resource that is new and blocked, and leaves the others alone."""
_REFUSED = (errors.SettingsError, errors.ClaimConflict, errors.WrongTargetGroup)
"""Faults of the program, not of a remote: they end the run as they end the plain CLI's."""


def _ours(method: Callable[[S, Kind, Any, Remotes], Any]) -> Callable[[S, Any, Any], Any]:
    """Serve lictor's resources, pass the others on; an error is answered with its text."""

    @wraps(method)
    def serve(self: S, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - gRPC's messages
        began, groups = time.perf_counter(), self.groups
        try:
            kind = served.KINDS.get(tokens.of(request.urn))
            if kind is None:
                return self.others.serve(method.__name__, request)
            unseen = request.urn in self._unseen
            remotes = self.scope.remotes(request.urn, context.is_active, unseen=unseen)
            with self.calls.one():
                return method(self, kind, request, remotes)
        except grpc.RpcError as error:  # of the SDK's host: its own words
            context.abort(error.code(), error.details())
        except BaseException as error:  # noqa: BLE001 - an exit, too, would hang the engine
            context.abort(grpc.StatusCode.UNKNOWN, quiet.explain(error))
        finally:
            groups.took(request.urn, time.perf_counter() - began)

    return serve


class Servicer(ResourceProviderServicer):
    """Serves one run of the engine after the other; :meth:`begin` opens each.

    Attributes:
        others: Serves resources that are not lictor's.
        scope: What this run may do, and its remotes.
        groups: Where this run's results are noted.
        calls: Those of lictor's resources that are being served.
    """

    others: Others
    scope: Scope
    groups: Groups

    def __init__(self) -> None:
        self.calls = Calls()
        self._left: set[str] = set()  # whose last inputs this run keeps
        self._unreached: set[str] = set()  # whose last run did not come to its plan
        self._unseen: set[str] = set()  # whose answers the last run did not use

    def begin(self, scope: Scope, groups: Groups, others: Others) -> None:
        """Open a run, and forget the last one."""
        self.scope, self.groups, self.others = scope, groups, others
        self._left = set()

    def Attach(self, request: Any, _context: Any) -> empty_pb2.Empty:  # noqa: N802, ANN401, D102 - gRPC's
        self.others.engine = request.address
        return empty_pb2.Empty()

    def GetPluginInfo(self, _request: Any, _context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802, ANN401, D102 - gRPC's
        return plugin_pb2.PluginInfo(version="0.1.0")

    def Configure(self, request: Any, _context: Any) -> provider_pb2.ConfigureResponse:  # noqa: N802, ANN401 - gRPC's
        """Take the stack's config, decrypted."""
        self.scope.config = {**structs.read(request.args), **self.scope.given}
        self.others.config = request
        return provider_pb2.ConfigureResponse(acceptSecrets=False)

    def Cancel(self, _request: Any, _context: Any) -> empty_pb2.Empty:  # noqa: N802, ANN401 - gRPC's
        """Let what is under way end: it is bounded, and its result is saved."""
        return empty_pb2.Empty()

    @_ours
    def Check(self, kind: Kind, request: Any, remotes: Remotes) -> provider_pb2.CheckResponse:  # noqa: N802, ANN401 - gRPC's
        """Read the remotes and plan; a read that is not sure keeps the last inputs."""
        olds, news = structs.read(request.olds), structs.read(request.news)
        try:
            inputs = self._planned(kind, olds, news, remotes)
        except errors.LictorError as error:
            if not self.scope.apart and (not olds or isinstance(error, _REFUSED)):
                failure = provider_pb2.CheckFailure(property="", reason=str(error))
                return provider_pb2.CheckResponse(inputs=request.news, failures=[failure])
            self.groups.blocked(request.urn, error, kept=bool(kind.begun(olds)))
            self._left.add(request.urn)
            self._unseen.add(request.urn)
            inputs = kind.as_before(olds or {**news, **_NOTHING}, news, remotes)
        if self.scope.dry and not olds and not self.groups.knows(request.urn):
            self.groups.planned(request.urn, {}, inputs, shown=True)  # a new one gets no Diff
        return provider_pb2.CheckResponse(
            inputs=structs.write({**inputs, PROVIDER: news[PROVIDER]})
        )

    def _planned(
        self, kind: Kind, olds: dict[str, Any], news: dict[str, Any], remotes: Remotes
    ) -> dict[str, Any]:
        urn = remotes.asker
        paused = self.scope.paused(urn) if olds else ""
        if paused:
            self.groups.paused(urn, paused)
            self._left.add(urn)
            return kind.as_before(olds, news, remotes)
        kept = None
        if not self.scope.disturbed(urn) and urn not in self._unreached:
            kept = kind.undisturbed(olds, news, remotes)
        if kept is None:
            inputs = kind.inputs(olds, news, remotes)
            self._unseen.discard(urn)
            return inputs
        if all(olds.get(key) == value for key, value in kept.items()):
            self._left.add(urn)
        return kept

    @_ours
    def Diff(self, kind: Kind, request: Any, _remotes: Remotes) -> provider_pb2.DiffResponse:  # noqa: N802, ANN401 - gRPC's
        """Compare the plan with what the last run left, key by key.

        A plan that no source was asked for is not carried out: what the last run kept back may be
        named again by now. It is planned anew as soon as it may be.
        """
        olds, news = structs.read(request.olds), structs.read(request.news)
        found = kind.compare(olds, news)
        self._came(request.urn, to_its_plan=not found.changes)
        if request.urn in self._left:
            found = Difference(changes=False)
        self.groups.planned(request.urn, olds, news, shown=self.scope.dry and found.changes)
        detail = {}
        if found.changes:
            before = structs.read(request.old_inputs)
            detail = detailed(before, news, found.replaces, kind.BY_KEY)
        some = provider_pb2.DiffResponse.DIFF_SOME if found.changes else None
        return provider_pb2.DiffResponse(
            changes=some or provider_pb2.DiffResponse.DIFF_NONE,
            replaces=found.replaces,
            detailedDiff=detail,
            hasDetailedDiff=found.changes,
        )

    @_ours
    def Create(self, kind: Kind, request: Any, remotes: Remotes) -> provider_pb2.CreateResponse:  # noqa: N802, ANN401 - gRPC's
        """Make a resource."""
        inputs = structs.read(request.properties)
        if self.groups.is_blocked(request.urn):  # it leaves the others alone: nothing is its yet
            outputs = {**inputs, "attached": {}, "failed": {}, "foreign": []}
        else:
            outputs = kind.create(inputs, remotes)
        self.groups.done(request.urn, {}, outputs, inputs)
        self._came(request.urn, to_its_plan=not kind.compare(outputs, inputs).changes)
        return provider_pb2.CreateResponse(
            id=kind.id_of(inputs), properties=_with_provider(outputs, inputs)
        )

    @_ours
    def Update(self, kind: Kind, request: Any, remotes: Remotes) -> provider_pb2.UpdateResponse:  # noqa: N802, ANN401 - gRPC's
        """Bring a resource to the plan."""
        olds, news = structs.read(request.olds), structs.read(request.news)
        outputs = kind.update(olds, news, remotes)
        self.groups.done(request.urn, olds, outputs, news)
        self._came(request.urn, to_its_plan=not kind.compare(outputs, news).changes)
        return provider_pb2.UpdateResponse(properties=_with_provider(outputs, news))

    @_ours
    def Read(self, kind: Kind, request: Any, remotes: Remotes) -> provider_pb2.ReadResponse:  # noqa: N802, ANN401 - gRPC's
        """Say what stands; what is gone takes the resource with it."""
        olds = structs.read(request.properties)
        begun = self.scope.pending.get(request.urn, {})
        found = kind.read(kind.with_begun(olds, begun), remotes)
        if found is None:
            return provider_pb2.ReadResponse()
        outputs, inputs = found
        self.groups.done(request.urn, olds, outputs)
        self._came(request.urn, to_its_plan=False)  # what stands is the plan now, wanted or not
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=_with_provider(outputs, olds),
            inputs=_with_provider(inputs, olds),
        )

    @_ours
    def Delete(self, kind: Kind, request: Any, remotes: Remotes) -> empty_pb2.Empty:  # noqa: N802, ANN401 - gRPC's
        """Take away what is a resource's."""
        olds = structs.read(request.properties)
        kind.delete(olds, remotes)
        self.groups.done(request.urn, olds, {})
        return empty_pb2.Empty()

    def _came(self, urn: str, *, to_its_plan: bool) -> None:
        """Note whether a resource has to be planned anew, though its sources say nothing new."""
        if to_its_plan:
            self._unreached.discard(urn)
        else:
            self._unreached.add(urn)


def _with_provider(properties: dict[str, Any], source: dict[str, Any]) -> Any:  # noqa: ANN401 - a Struct
    """Write properties with the pickled class, by which the SDK's host finds its way back."""
    return structs.write({**properties, PROVIDER: source[PROVIDER]})
