"""Services and checks of external nodes as users write them, every value a Pulumi ``Input``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - Pulumi reads annotations at run time

import pulumi


@pulumi.input_type
class ExternalService:
    """A service of an external node."""

    name: pulumi.Input[str]
    id: pulumi.Input[str] | None
    address: pulumi.Input[str] | None
    port: pulumi.Input[int] | None
    tags: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    meta: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None

    def __init__(  # noqa: PLR0913 - one argument for each setting, all but the name by keyword
        self,
        name: pulumi.Input[str],
        *,
        id: pulumi.Input[str] | None = None,  # noqa: A002 - Consul's name for it
        address: pulumi.Input[str] | None = None,
        port: pulumi.Input[int] | None = None,
        tags: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        meta: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
    ) -> None:
        """Describe a service; nothing here is checked by Consul itself.

        Args:
            name: The service's name in the catalog.
            id: Its id, unique on the node. Default: the name.
            address: Its own address, or a host name. Default: the node's.
            port: Its port, 0 to 65535. Default 0: none.
            tags: Its tags. Default: none.
            meta: Its meta. Default: none.
        """
        given = {
            "name": name,
            "id": id,
            "address": address,
            "port": port,
            "tags": tags,
            "meta": meta,
        }
        for key, value in given.items():
            if value is not None:
                pulumi.set(self, key, value)


@pulumi.input_type
class ExternalCheck:
    """A check that the monitor runs for an external node, or for a service on it."""

    name: pulumi.Input[str]
    id: pulumi.Input[str] | None
    service: pulumi.Input[str] | None
    notes: pulumi.Input[str] | None
    http: pulumi.Input[str] | None
    method: pulumi.Input[str] | None
    header: pulumi.Input[Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]]] | None
    body: pulumi.Input[str] | None
    tcp: pulumi.Input[str] | None
    tcp_use_tls: pulumi.Input[bool] | None
    grpc: pulumi.Input[str] | None
    grpc_use_tls: pulumi.Input[bool] | None
    tls_server_name: pulumi.Input[str] | None
    tls_skip_verify: pulumi.Input[bool] | None
    interval: pulumi.Input[float | str] | None
    timeout: pulumi.Input[float | str] | None
    deregister_critical_service_after: pulumi.Input[float | str] | None

    def __init__(  # noqa: PLR0913 - one argument for each setting, all but the name by keyword
        self,
        name: pulumi.Input[str],
        *,
        id: pulumi.Input[str] | None = None,  # noqa: A002 - Consul's name for it
        service: pulumi.Input[str] | None = None,
        notes: pulumi.Input[str] | None = None,
        http: pulumi.Input[str] | None = None,
        method: pulumi.Input[str] | None = None,
        header: pulumi.Input[Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]]] | None = None,
        body: pulumi.Input[str] | None = None,
        tcp: pulumi.Input[str] | None = None,
        tcp_use_tls: pulumi.Input[bool] | None = None,
        grpc: pulumi.Input[str] | None = None,
        grpc_use_tls: pulumi.Input[bool] | None = None,
        tls_server_name: pulumi.Input[str] | None = None,
        tls_skip_verify: pulumi.Input[bool] | None = None,
        interval: pulumi.Input[float | str] | None = None,
        timeout: pulumi.Input[float | str] | None = None,
        deregister_critical_service_after: pulumi.Input[float | str] | None = None,
    ) -> None:
        """Describe a check; one of ``http``, ``tcp`` and ``grpc`` is required.

        It is critical until the monitor has run it, and from then on says what the monitor finds.
        Durations are seconds as a number, or ``30s``, ``5m``, ``2h``.

        Args:
            name: Its name.
            id: Its id, unique on the node. Default: the name, after the service's id and a colon.
            service: Id of the service that it is about. Default: the node.
            notes: For people. Default: none.
            http: URL that is asked: 2xx passes, 429 warns.
            method: HTTP's verb. Default: GET.
            header: Name -> values that are sent. Default: none. They stand in the catalog and in
                state: no place for secrets.
            body: What is sent. Default: nothing.
            tcp: ``host:port`` that is connected to.
            tcp_use_tls: Whether by TLS. Default false.
            grpc: ``host:port`` or ``host:port/service`` whose health is asked.
            grpc_use_tls: Whether by TLS. Default false.
            tls_server_name: Name that the certificate must have. Default: the host's.
            tls_skip_verify: Whether any certificate will do. Default false.
            interval: How often, at least 1 s. Default: the monitor's, 30 s.
            timeout: How long an answer is waited for. Default: the monitor's.
            deregister_critical_service_after: How long its service may be critical before the
                monitor takes it out of the catalog. Default: for ever.
        """
        given = {
            "name": name,
            "id": id,
            "service": service,
            "notes": notes,
            "http": http,
            "method": method,
            "header": header,
            "body": body,
            "tcp": tcp,
            "tcp_use_tls": tcp_use_tls,
            "grpc": grpc,
            "grpc_use_tls": grpc_use_tls,
            "tls_server_name": tls_server_name,
            "tls_skip_verify": tls_skip_verify,
            "interval": interval,
            "timeout": timeout,
            "deregister_critical_service_after": deregister_critical_service_after,
        }
        for key, value in given.items():
            if value is not None:
                pulumi.set(self, key, value)
