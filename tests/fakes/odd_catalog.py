"""A rule for `OddConsul.obeys`: checks and lists as Consul has them, and refusals that it has not.

Transactions are kept or refused as a whole, with Consul's own words.
"""

from __future__ import annotations

import base64
import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.odd_consul import Asked

DENIED = "Permission denied: token with AccessorID 'x' lacks permission 'node:write' on \"n\""
STALE = 'failed to set check "c" on node "n", index is stale'


class OddCatalog:
    """Checks by node, one each, with the id `c`.

    Attributes:
        checks: What Consul says of each.
        lists: Key -> value of what is below `p/agents/`.
        refuses: Node -> why its check is not written.
        unreadable: Nodes whose checks make a transaction one that cannot be read.
        fails: Given instead of the answer to paths that begin so.
        transactions: Nodes of each transaction that came.
        deregistered: Services that were taken out, by node.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.checks: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, Any] = {}
        self.refuses: dict[str, str] = {}
        self.unreadable: set[str] = set()
        self.fails: dict[str, Odd] = {}
        self.transactions: list[list[str]] = []
        self.deregistered: list[str] = []
        self._index = 100
        self._lock = threading.Lock()

    def has(self, node: str, status: str, **more: Any) -> None:  # noqa: ANN401 - JSON
        """Have a check, as if somebody had just written it."""
        with self._lock:
            self._put(node, {"Status": status, **more})

    def _put(self, node: str, changes: dict[str, Any]) -> None:
        self._index += 1
        base = {"Node": node, "CheckID": "c", "Name": "c", "Output": "", "Definition": {}}
        old = self.checks.get(node, base)
        self.checks[node] = {**old, **changes, "ModifyIndex": self._index}

    def __call__(self, asked: Asked) -> Odd:
        """Answer a request."""
        path = urlsplit(asked.path).path
        with self._lock:
            for prefix, odd in self.fails.items():
                if path.startswith(prefix):
                    return odd
            if path == "/v1/txn":
                return self._transaction(json.loads(asked.body))
            answer: Callable[[], Odd] = {
                "/v1/health/node": lambda: self._node(path.rpartition("/")[2]),
                "/v1/kv/p": self._listed,
                "/v1/catalog/register": Odd,
            }["/".join(path.split("/")[:4])]
            return answer()

    def _node(self, node: str) -> Odd:
        found = [self.checks[node]] if node in self.checks else []
        return Odd(body=json.dumps(found).encode())

    def _listed(self) -> Odd:
        pairs = [
            {"Key": key, "Value": base64.b64encode(json.dumps(value).encode()).decode()}
            for key, value in self.lists.items()
        ]
        return Odd(body=json.dumps(pairs).encode()) if pairs else Odd(status=404, body=b"")

    def _transaction(self, operations: list[dict[str, Any]]) -> Odd:
        told = [operation["Check"]["Check"] for operation in operations if "Check" in operation]
        self.transactions.append([check["Node"] for check in told])
        if any(check["Node"] in self.unreadable for check in told):
            return Odd(status=413, body=b"Request body too large")
        denied = self._errors(told, lambda check: self.refuses.get(check["Node"], ""))
        wrong = denied or self._errors(
            told,
            lambda check: "" if self._known(check["Node"]) == check["ModifyIndex"] else STALE,
        )
        if wrong:
            return Odd(status=409, body=json.dumps({"Results": None, "Errors": wrong}).encode())
        results = []
        for operation, check in zip(operations, told, strict=False):
            if operation["Check"]["Verb"] == "delete-cas":
                self.deregistered.append(check["Node"])
                del self.checks[check["Node"]]
                continue
            self._put(check["Node"], check)
            results.append({"Check": self.checks[check["Node"]]})
        return Odd(body=json.dumps({"Results": results, "Errors": None}).encode())

    def _known(self, node: str) -> int:
        return int(self.checks.get(node, {}).get("ModifyIndex", -1))

    def _errors(
        self, told: list[dict[str, Any]], why: Callable[[dict[str, Any]], str]
    ) -> list[dict[str, Any]]:
        return [
            {"OpIndex": position, "What": what}
            for position, check in enumerate(told)
            if (what := why(check))
        ]
