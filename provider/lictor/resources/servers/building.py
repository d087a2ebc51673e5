"""The resources of a cluster, each declared by one method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from lictor import errors
from lictor.resources.servers.ground import Lookups, Place
from lictor.servers import policies, ports, sizing, user_data
from lictor.settings import servers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from lictor.resources.servers.arguments import Arguments
    from lictor.settings.servers import Servers

_SECRETS = (
    "gossip_key_secret_arn",
    "tls_ca_secret_arn",
    "tls_cert_secret_arn",
    "tls_key_secret_arn",
)
_CLIENTS = "client_security_group_ids"


class Building:
    """What the resources of one cluster share.

    Attributes:
        region: The region's name.
        join_tag: Key and value of the tag that all servers carry.
    """

    def __init__(
        self,
        aws: Any,  # noqa: ANN401 - pulumi-aws may not be there
        parent: pulumi.ComponentResource,
        arguments: Arguments,
        settings: Servers,
    ) -> None:
        self._aws, self._arguments, self._settings = aws, arguments, settings
        self._name = arguments.name
        self._where: dict[str, Any] = {
            "region": settings.region or None,
            "opts": pulumi.ResourceOptions(parent=parent),
        }
        self._allowed: list[pulumi.Resource] = []
        self.join_tag = (settings.join_tag_key, settings.join_tag_value or self._name)
        self._refuse_user_data_too_long()
        lookups = Lookups(self._name, settings.region, parent)
        self.region: pulumi.Output[str] = pulumi.Output.from_input(lookups.region())
        self._place = self._placed(lookups, parent)
        self._device = self._looked_at(lookups)
        judged: pulumi.Output[Any] = arguments.resolved(servers.from_arguments)
        waiting: Awaitable[bool] = _known_ones(
            self.region, judged, self._read_abroad(), self._place, self._device
        )
        self._all_well: pulumi.Output[bool] = pulumi.Output.from_input(waiting)

    def _read_abroad(self) -> pulumi.Output[None]:
        """Refuse secrets of another region, as soon as both are known."""

        def judge(both: list[Any]) -> None:
            region, secrets = both
            for key, arn in secrets.items():
                self._arguments.refuse(key, servers.secret_abroad(arn, region))

        given = self._arguments.output(*_SECRETS)
        both: pulumi.Output[list[Any]] = pulumi.Output.all(self.region, given)
        return both.apply(judge)

    def _placed(self, lookups: Lookups, parent: pulumi.ComponentResource) -> pulumi.Output[Place]:
        """Look up the subnets, as soon as they are known."""

        async def look(given: Mapping[str, Any]) -> Place:
            await self.region.future()  # one that AWS does not know is all that is to be said
            place = await lookups.place(given["subnet_ids"])
            warning = sizing.zone_warning(self._settings.size, len(place.zones))
            if warning:
                pulumi.log.warn(f"{self._name}: {warning}", resource=parent)
            return place

        return self._arguments.output("subnet_ids").apply(look)

    def _looked_at(self, lookups: Lookups) -> pulumi.Output[str]:
        """Look up the image, as soon as it is known, for the name of its root device."""

        async def look(given: Mapping[str, Any]) -> str:
            await self.region.future()
            return await lookups.root_device(given["image_id"])

        return self._arguments.output("image_id").apply(look)

    def role(self) -> Any:  # noqa: ANN401 - pulumi-aws may not be there
        """Declare the servers' role: finding each other, reading their secrets, no more."""
        settings, own = self._settings, {"opts": self._where["opts"]}
        role = self._aws.iam.Role(
            self._name,
            description=f"Consul servers of {self._name}",
            assume_role_policy=self._once_looked_up(self.region.apply(policies.trust)),
            permissions_boundary=self._given("permissions_boundary_arn"),
            tags=settings.tags,
            **own,
        )
        self._allowed.append(
            self._aws.iam.RolePolicy(
                f"{self._name}-join", role=role.id, policy=policies.finding(), **own
            )
        )
        if any(key in self._arguments.given for key in _SECRETS):
            read = self._arguments.output(*_SECRETS, "secrets_kms_key_arn").apply(_reading)
            self._allowed.append(
                self._aws.iam.RolePolicy(f"{self._name}-secrets", role=role.id, policy=read, **own)
            )
        return role

    def security_group(self) -> Any:  # noqa: ANN401 - pulumi-aws may not be there
        """Declare the servers' security group, with all its rules: what is not here is closed."""
        settings = self._settings
        return self._aws.ec2.SecurityGroup(
            self._name,
            description=f"Consul servers of {self._name}",
            vpc_id=self._once_looked_up(self._place.apply(lambda place: place.vpc_id)),
            ingress=self._arguments.output(_CLIENTS).apply(self._ingress),
            egress=[
                {
                    "protocol": "-1",
                    "from_port": 0,
                    "to_port": 0,
                    "cidr_blocks": list(settings.egress_cidr_blocks),
                    "description": "joining, AWS and its secrets",
                }
            ],
            tags={"Name": self._name, **settings.tags},
            **self._where,
        )

    def launch_template(self, role: Any, group: Any) -> Any:  # noqa: ANN401 - the same
        """Declare how a server is launched."""
        settings, own = self._settings, {"opts": self._where["opts"]}
        profile = self._aws.iam.InstanceProfile(
            self._name, role=role.name, tags=settings.tags, **own
        )
        groups = self._arguments.output("security_group_ids").apply(
            lambda given: list(given.get("security_group_ids", ()))
        )
        device = settings.root_device or self._device
        return self._aws.ec2.LaunchTemplate(
            self._name,
            description=f"Consul server of {self._name}",
            image_id=self._given("image_id"),
            instance_type=settings.instance_type,
            key_name=self._given("key_name"),
            iam_instance_profile={"arn": profile.arn},
            vpc_security_group_ids=pulumi.Output.all(group.id, groups).apply(
                lambda both: [both[0], *both[1]]
            ),
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "enabled",
            },
            block_device_mappings=[
                {
                    "device_name": device,
                    "ebs": {
                        "encrypted": "true",
                        "kms_key_id": self._given("volume_kms_key_arn"),
                        "volume_size": settings.volume_size,
                        "volume_type": "gp3",
                        "delete_on_termination": "true",
                    },
                }
            ],
            instance_initiated_shutdown_behavior="terminate",
            user_data=self._arguments.output(*_SECRETS).apply(
                lambda secrets: user_data.encoded(user_data.render(self._boot(secrets)))
            ),
            tag_specifications=[
                {"resource_type": "volume", "tags": {"Name": self._name, **settings.tags}}
            ],
            tags=settings.tags,
            update_default_version=True,
            **self._where,
        )

    def autoscaling_group(self, template: Any) -> Any:  # noqa: ANN401 - the same
        """Declare the group that keeps the servers in number, across zones."""
        settings = self._settings
        bounds = sizing.refresh(settings.size)
        percent = {
            "min_healthy_percentage": bounds.least,
            "max_healthy_percentage": bounds.most,
        }
        warmup = int(settings.instance_warmup)
        first = pulumi.ResourceOptions(depends_on=self._allowed)  # a server needs them to boot
        return self._aws.autoscaling.Group(
            self._name,
            min_size=settings.size,
            desired_capacity=settings.size,
            max_size=settings.size + 1,
            vpc_zone_identifiers=self._given("subnet_ids"),
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(lambda number: str(int(number))),
            },
            health_check_type="EC2",
            health_check_grace_period=int(settings.health_grace),
            default_instance_warmup=warmup,
            instance_maintenance_policy=percent,
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {
                    **percent,
                    "instance_warmup": str(warmup),
                    "skip_matching": True,
                },
            },
            tags=[
                {"key": key, "value": value, "propagate_at_launch": True}
                for key, value in self._instance_tags().items()
            ],
            region=self._where["region"],
            opts=pulumi.ResourceOptions.merge(self._where["opts"], first),
        )

    def _instance_tags(self) -> dict[str, str]:
        key, value = self.join_tag
        return {
            "Name": self._name,
            **self._settings.tags,
            key: value,
            user_data.EXPECT_TAG: str(self._settings.size),
        }

    def _ingress(self, clients: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Write the rules as pulumi-aws takes them."""
        settings = self._settings
        rules = ports.rules(
            tls=bool(settings.tls_ca_secret_arn),
            dns=settings.dns,
            groups=clients.get(_CLIENTS, ()),
            blocks=settings.client_cidr_blocks,
        )
        return [
            {
                "protocol": rule.protocol,
                "from_port": rule.port,
                "to_port": rule.port,
                "description": rule.description,
                **_peer(rule),
            }
            for rule in rules
        ]

    def _boot(self, secrets: Mapping[str, str]) -> user_data.Boot:
        """Say what user data has to know."""
        settings = self._settings
        key, value = self.join_tag
        ca, cert, private = (secrets.get(name, "") for name in _SECRETS[1:])
        return user_data.Boot(
            cluster=self._name,
            join_key=key,
            join_value=value,
            datacenter=settings.datacenter,
            listen=settings.listen.value,
            gossip_secret=secrets.get("gossip_key_secret_arn", ""),
            tls=user_data.TLS(ca, cert, private) if ca else None,
            patience=user_data.patience(settings.instance_warmup),
            config=settings.config,
        )

    def _refuse_user_data_too_long(self) -> None:
        """Render it with examples for the secrets, before anything is declared."""
        given = {key: servers.LATER[key] for key in _SECRETS if key in self._arguments.given}
        try:
            user_data.render(self._boot(given))
        except errors.SettingsError as error:
            raise pulumi.RunError(f"{self._name}: {error}") from None

    def _given(self, key: str) -> Any:  # noqa: ANN401 - an argument of any type
        return self._arguments.given.get(key)

    def _once_looked_up(self, value: pulumi.Output[str]) -> pulumi.Output[str]:
        """Let a value wait until all look-ups went well, so that nothing is made before."""
        both: pulumi.Output[list[Any]] = pulumi.Output.all(self._all_well, value)
        return both.apply(lambda pair: str(pair[1]))


async def _known_ones(*outputs: pulumi.Output[Any]) -> bool:
    """Wait for what is known; in a preview some of it may not be, and is judged later."""
    for output in outputs:
        if await output.is_known():
            await output.future()
    return True


def _peer(rule: ports.Rule) -> dict[str, Any]:
    """Say who is let in, as pulumi-aws does."""
    if rule.peer is ports.Peer.MEMBERS:
        return {"self": True}
    key = "security_groups" if rule.peer is ports.Peer.GROUP else "cidr_blocks"
    return {key: [rule.source]}


def _reading(given: Mapping[str, str]) -> str:
    """Return the policy for the secrets."""
    return policies.reading(
        [given[key] for key in _SECRETS if key in given], given.get("secrets_kms_key_arn", "")
    )
