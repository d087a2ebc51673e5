"""How the remotes are reached, and as whom."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ConsulConnection:
    """How to reach Consul, and as whom.

    Attributes:
        url: ``http://host:port``, ``https://host:port`` or ``unix:///path``.
        token: ACL token; empty means the anonymous one. Never shown.
        datacenter: Asked where a source names none; empty means the agent's own.
        namespace: Consul Enterprise namespace; empty means the default one.
        partition: Consul Enterprise admin partition; empty means the default one.
        ca_file: PEM file of the authorities that Consul's certificate is checked against.
        cert_file: PEM file of the client certificate.
        key_file: PEM file of the client certificate's key.
        verify: Whether Consul's certificate is checked.
        timeout: Limit for connecting, and for each wait for data, in seconds.
        ca_path: Folder of such authorities; the monitor's alone, as the two that follow.
        server_name: Name that Consul's certificate is checked for, where it is not the host's.
        login: ``USER:PASSWORD`` for a proxy that asks for HTTP's basic authentication. Never shown.
    """

    url: str = "http://127.0.0.1:8500"
    token: str = field(default="", repr=False)
    datacenter: str = ""
    namespace: str = ""
    partition: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify: bool = True
    timeout: float = 10.0
    ca_path: str = ""
    server_name: str = ""
    login: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """An IAM role that is assumed with what comes before it.

    Attributes:
        role_arn: Its ARN.
        external_id: What its trust policy asks for; empty for nothing.
        session_name: Name of the session in AWS's logs; empty for one of our own.
        duration: How long the session lasts, in seconds; 0 for AWS's default.
        policy: JSON of a policy that narrows the session; empty for none.
        policy_arns: Managed policies that narrow the session.
        source_identity: Who stands behind the session, for AWS's logs; empty for nobody.
        tags: Session tags, in pairs.
        transitive_tag_keys: Tags that pass on to the next role.
    """

    role_arn: str
    external_id: str = field(default="", repr=False)
    session_name: str = ""
    duration: int = 0
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    source_identity: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AWSAccess:
    """How to reach AWS, and as whom. An empty text means: as boto3 finds it.

    Attributes:
        region: Region of the calls.
        profile: Name of a profile in the shared AWS files.
        access_key: Access key id.
        secret_key: Secret access key. Never shown.
        token: Session token of temporary credentials. Never shown.
        endpoints: Service name as boto3 knows it -> URL used instead of AWS's own, in pairs.
        roles: Assumed one after the other, the last one speaks to the group.
    """

    region: str = ""
    profile: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    endpoints: tuple[tuple[str, str], ...] = ()
    roles: tuple[AssumedRole, ...] = ()
