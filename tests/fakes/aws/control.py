"""The control face: JSON over HTTP under /_standin/, for tests, demo and bench."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from tests.fakes.aws import inventory, policy
from tests.fakes.aws.faults import Fault
from tests.fakes.aws.journal import Filter
from tests.fakes.aws.members import REASONS, Health

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.aws.front import Front

PREFIX = "/_standin"
_LONGEST_WAIT = 120.0
_NOT_FOUND = 404
_BAD_REQUEST = 400


class Control:
    """What `/_standin/...` can do to the stand-in."""

    def __init__(self, front: Front) -> None:
        """Serve this front."""
        self._front = front
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", ""): self._summary,
            ("GET", "calls"): self._calls,
            ("DELETE", "calls"): self._clear_calls,
            ("POST", "clock"): self._advance,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "health"): self._force_health,
            ("PUT", "policy"): self._set_policy,
            ("DELETE", "policy"): self._lift_policy,
            ("POST", "instances"): self._start_instances,
            ("POST", "aliases"): self._name,
            ("POST", "reset"): self._reset,
            ("GET", "settings"): self._settings,
            ("PUT", "settings"): self._change_settings,
        }

    def respond(self, request: Request) -> Response:
        """Answer one control request."""
        name = request.path.removeprefix(PREFIX).strip("/")
        route = self._routes.get((request.method, name))
        if route is None:
            known = [f"{method} {PREFIX}/{path}" for method, path in self._routes]
            return _json({"error": "no such control", "known": known}, _NOT_FOUND)
        try:
            return _json(route(request))
        except (ValueError, TypeError, KeyError) as problem:
            return _json({"error": f"{type(problem).__name__}: {problem}"}, _BAD_REQUEST)

    def _summary(self, request: Request) -> dict[str, Any]:
        """Show each target group with its targets and their states."""
        only = request.args.get("target_group")
        with self._front.world:
            groups = [g for g in inventory.all_groups() if only in {None, g.arn}]
            places = {(g.account, g.region): g for g in groups}
            instances = {place: inventory.instances(g) for place, g in places.items()}
            shown = {g.arn: self._shown(g, instances[g.account, g.region]) for g in groups}
        return {"target_groups": shown}

    def _shown(
        self, group: inventory.Group, instances: Mapping[str, inventory.Instance]
    ) -> dict[str, Any]:
        """Show one target group."""
        return {
            "name": group.name,
            "target_type": group.target_type,
            "port": group.port,
            "attached": group.attached,
            "targets": {t.key: h.state for t, h in self._front.targets.states(group, instances)},
        }

    def _calls(self, request: Request) -> dict[str, Any]:
        """Show the log, at once or when it has grown to `count` matching entries."""
        asked = request.args
        wanted = Filter(
            asked.get("operation"), asked.get("target_group"), int(asked.get("since", 0))
        )
        seconds = min(float(asked.get("wait", 0)), _LONGEST_WAIT)
        found = self._front.journal.wait(wanted, int(asked.get("count", 1)), seconds)
        return {"calls": found}

    def _clear_calls(self, _request: Request) -> dict[str, Any]:
        """Empty the log."""
        self._front.journal.clear()
        return {}

    def _advance(self, request: Request) -> dict[str, Any]:
        """Let time pass."""
        with self._front.world:
            offset = self._front.targets.clock.advance(float(_sent(request)["advance"]))
        return {"offset": offset}

    def _list_faults(self, _request: Request) -> dict[str, Any]:
        """Show the faults and how often each struck."""
        return {"faults": self._front.faults.listed()}

    def _add_fault(self, request: Request) -> dict[str, Any]:
        """Put a fault in place."""
        return {"id": self._front.faults.add(Fault(**_sent(request)))}

    def _clear_faults(self, _request: Request) -> dict[str, Any]:
        """Lift all faults."""
        self._front.faults.clear()
        return {}

    def _force_health(self, request: Request) -> dict[str, Any]:
        """Fix a target's health, or with a null state let it go."""
        asked = _sent(request)
        state = asked["state"]
        if state not in {None, "healthy", *REASONS}:
            msg = f"unknown state {state!r}; there are healthy, {', '.join(REASONS)}"
            raise ValueError(msg)
        reason = asked.get("reason") or REASONS.get(state)
        health = Health(state, reason, asked.get("description")) if state else None
        with self._front.world:
            self._front.targets.force(asked["target_group"], asked["target"], health)
        return {}

    def _set_policy(self, request: Request) -> dict[str, Any]:
        """Allow only what the sent IAM policy allows."""
        self._front.policy = policy.parse(_sent(request))
        return {}

    def _lift_policy(self, _request: Request) -> dict[str, Any]:
        """Allow everything again."""
        self._front.policy = None
        return {}

    def _start_instances(self, request: Request) -> dict[str, Any]:
        """Start many instances at once."""
        asked = _sent(request)
        with self._front.world:
            started = inventory.start_instances(str(asked["region"]), int(asked["count"]))
        return {"instances": started}

    def _name(self, request: Request) -> dict[str, Any]:
        """Let a target group be known by another ARN."""
        asked = _sent(request)
        self._front.aliases.name(str(asked["arn"]), str(asked["alias"]))
        return {}

    def _reset(self, request: Request) -> dict[str, Any]:
        """Go back to the start; with all=1 without resources too."""
        self._front.reset()
        if request.args.get("all") in {"1", "true"}:
            self._front.forget()
        return {}

    def _settings(self, _request: Request) -> dict[str, Any]:
        """Show the settings."""
        return {"settings": self._front.targets.settings.as_json()}

    def _change_settings(self, request: Request) -> dict[str, Any]:
        """Change some settings."""
        with self._front.world:
            targets = self._front.targets
            targets.settings = targets.settings.changed(_sent(request))
        return self._settings(request)


def _sent(request: Request) -> dict[str, Any]:
    """Return the JSON object of the request."""
    body = request.get_json(force=True)
    if not isinstance(body, dict):
        msg = "a JSON object is wanted"
        raise TypeError(msg)
    return body


def _json(body: dict[str, Any], status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(json.dumps(body) + "\n", status, content_type="application/json")
