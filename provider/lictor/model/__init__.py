"""The values that cross rooms. Frozen, small, free of any SDK's shapes.

They are the flow: a source is asked, instances are found (``instances``), targets are derived
from them, and a target group says how each of its targets does (``targets``), within what the
user chose (``choices``), over the connections that were given (``access``). Beside it stand
Consul's own servers (``raft``), and what stands in its catalog of nodes without an agent
(``catalog``).
"""

from lictor.model.access import (
    AssumedRole,
    AWSAccess,
    ConsulConnection,
)
from lictor.model.catalog import (
    CatalogCheck,
    CatalogNode,
    CatalogService,
    Definition,
    Drop,
    Entry,
    Operation,
    Part,
    Put,
)
from lictor.model.choices import (
    Guards,
    Health,
    OnEmpty,
    OnGuard,
    Ownership,
    Policy,
    TargetId,
    TargetType,
    WaitFor,
)
from lictor.model.instances import (
    Answer,
    ConsulService,
    Instance,
    PreparedQuery,
    Source,
    Status,
)
from lictor.model.raft import Machine, Raft, Server
from lictor.model.targets import (
    Target,
    TargetGroup,
    TargetHealth,
    TargetState,
    is_instance_id,
)

__all__ = [
    "AWSAccess",
    "Answer",
    "AssumedRole",
    "CatalogCheck",
    "CatalogNode",
    "CatalogService",
    "ConsulConnection",
    "ConsulService",
    "Definition",
    "Drop",
    "Entry",
    "Guards",
    "Health",
    "Instance",
    "Machine",
    "OnEmpty",
    "OnGuard",
    "Operation",
    "Ownership",
    "Part",
    "Policy",
    "PreparedQuery",
    "Put",
    "Raft",
    "Server",
    "Source",
    "Status",
    "Target",
    "TargetGroup",
    "TargetHealth",
    "TargetId",
    "TargetState",
    "TargetType",
    "WaitFor",
    "is_instance_id",
]
