"""``ConsulServerCluster``: a Consul server cluster in an Auto Scaling group.

State format: the type token and the names of the children stand in users' state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from lictor.resources.servers.arguments import Arguments
from lictor.resources.servers.building import Building
from lictor.resources.servers.sdk import pulumi_aws
from lictor.servers import names, secrecy, sizing, user_data
from lictor.settings import servers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.settings.servers import Servers

    Texts = pulumi.Input[Sequence[pulumi.Input[str]]]

TYPE = "lictor:index:ConsulServerCluster"


class ConsulServerCluster(pulumi.ComponentResource):
    """A Consul server cluster on AWS that finds itself by an EC2 tag.

    Made of a role that may describe instances and no more, a security group with exactly Consul's
    ports, a launch template and an Auto Scaling group. A wrong argument, an unknown region, image
    or subnet ends the run with one line before anything is made.
    """

    autoscaling_group_name: pulumi.Output[str]
    """Name of the Auto Scaling group."""
    security_group_id: pulumi.Output[str]
    """Id of the servers' security group."""
    role_name: pulumi.Output[str]
    """Name of the servers' role, to attach policies of one's own to."""
    launch_template_id: pulumi.Output[str]
    """Id of the launch template."""
    join_tag: pulumi.Output[str]
    """The tag that all servers carry, ``KEY=VALUE``."""
    retry_join: pulumi.Output[str]
    """What the clients' agents put under ``retry_join``."""

    def __init__(  # noqa: PLR0913 - one argument for each setting, all but two by keyword
        self,
        resource_name: str,
        *,
        image_id: pulumi.Input[str],
        subnet_ids: Texts,
        size: int | None = None,
        force_size: bool | None = None,
        instance_type: str | None = None,
        volume_size: int | None = None,
        volume_kms_key_arn: pulumi.Input[str] | None = None,
        root_device: str | None = None,
        key_name: pulumi.Input[str] | None = None,
        datacenter: str | None = None,
        join_tag_key: str | None = None,
        join_tag_value: str | None = None,
        listen: str | None = None,
        dns: bool | None = None,
        client_security_group_ids: Texts | None = None,
        client_cidr_blocks: Sequence[str] | None = None,
        security_group_ids: Texts | None = None,
        egress_cidr_blocks: Sequence[str] | None = None,
        gossip_key_secret_arn: pulumi.Input[str] | None = None,
        tls_ca_secret_arn: pulumi.Input[str] | None = None,
        tls_cert_secret_arn: pulumi.Input[str] | None = None,
        tls_key_secret_arn: pulumi.Input[str] | None = None,
        secrets_kms_key_arn: pulumi.Input[str] | None = None,
        config: Mapping[str, Any] | None = None,
        health_grace: float | str | None = None,
        instance_warmup: float | str | None = None,
        permissions_boundary_arn: pulumi.Input[str] | None = None,
        region: str | None = None,
        tags: Mapping[str, str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare a cluster.

        Arguments that other resources make (ids, ARNs) may be an ``Output``; the others decide
        what there is and must be known when the program runs. Whatever has no argument here can
        be changed with ``opts=ResourceOptions(transforms=[...])``.

        Args:
            resource_name: Unique in the stack, letters, digits, ``.``, ``_`` and ``-``, at most 56.
            image_id: AMI with Consul in it, such as :class:`ConsulServerImage` bakes, or
                ``resolve:ssm:PARAMETER``.
            subnet_ids: Private subnets of one VPC, best of three zones; a server in each in turn.
            size: How many servers. Default 3. 1 and even sizes are warned of, more than 7 are
                refused. Not more than a minority may go in one step down.
            force_size: Whether more than 7 servers are taken. Default false.
            instance_type: EC2 instance type, of the image's architecture. Default ``t3.medium``.
            volume_size: Size of the encrypted root volume, in GiB. Default 30, from 8 to 16,384.
            volume_kms_key_arn: KMS key of the volume. Default: AWS's own.
            root_device: Name of the image's root device. Default: the image's own; ``/dev/xvda``
                for an image of a parameter.
            key_name: EC2 key pair for SSH. Default: none.
            datacenter: Consul's datacenter. Default ``dc1``.
            join_tag_key: Key of the tag by which the servers find each other. Default
                ``consul-cluster``.
            join_tag_value: Its value. Default: ``resource_name``.
            listen: Where API and DNS listen: ``all`` (default: loopback and private address),
                ``private`` or ``loopback``.
            dns: Whether the security group opens 8600, too. Default false.
            client_security_group_ids: Security groups whose members may reach 8300, 8301, the API
                and gRPC. Default: none.
            client_cidr_blocks: Address blocks that may, too. Default: none.
            security_group_ids: Security groups that the servers get beside their own. Default:
                none.
            egress_cidr_blocks: Where the servers may go. Default: everywhere, ``0.0.0.0/0``.
            gossip_key_secret_arn: ARN of the Secrets Manager secret whose text is the gossip key,
                as ``consul keygen`` makes one. Default: gossip in clear.
            tls_ca_secret_arn: ARN of the secret with the CA's certificate, PEM. With the two below
                the servers speak TLS alone: 8501 and 8503 instead of 8500 and 8502. Default: none.
            tls_cert_secret_arn: ARN of the secret with the servers' certificate.
            tls_key_secret_arn: ARN of the secret with its key.
            secrets_kms_key_arn: ARN of the KMS key that the secrets are encrypted with. Default:
                AWS's own.
            config: Settings of Consul's that win over lictor's. No secrets, which are refused.
                Default: none.
            health_grace: How long a new server is left alone before its health counts, in seconds
                or as ``5m``. Default 300.
            instance_warmup: How long a new server settles in before the next one is replaced, in
                seconds or as ``5m``. Default 300.
            permissions_boundary_arn: IAM policy that bounds the role. Default: none.
            region: Region. Default: ``aws:region``.
            tags: Tags of every resource, instances and volumes too. Default: none.
            opts: Pulumi's options.

        Raises:
            pulumi.RunError: An argument is not as it should be, or pulumi-aws is not installed.
        """
        given = {key: value for key, value in locals().items() if key in servers.ARGUMENTS}
        aws = pulumi_aws("ConsulServerCluster")
        arguments = Arguments(resource_name, given, servers.LATER)
        settings = _judged(arguments)
        super().__init__(TYPE, resource_name, {}, opts)
        if warning := sizing.warning(settings.size):
            pulumi.log.warn(f"{resource_name}: {warning}", resource=self)
        building = Building(aws, self, arguments, settings)
        group = building.security_group()
        role = building.role()
        template = building.launch_template(role, group)
        scaling = building.autoscaling_group(template)
        key, value = building.join_tag
        self.autoscaling_group_name = scaling.name
        self.security_group_id = group.id
        self.role_name = role.name
        self.launch_template_id = template.id
        self.join_tag = pulumi.Output.from_input(f"{key}={value}")
        self.retry_join = building.region.apply(
            lambda region: f"provider=aws region={region} tag_key={key} tag_value={value}"
        )
        self.register_outputs(
            {
                "autoscalingGroupName": self.autoscaling_group_name,
                "securityGroupId": self.security_group_id,
                "roleName": self.role_name,
                "launchTemplateId": self.launch_template_id,
                "joinTag": self.join_tag,
                "retryJoin": self.retry_join,
            }
        )


def _judged(arguments: Arguments) -> Servers:
    """Read the arguments, and refuse what cannot be before anything is declared."""
    settings = arguments.judged(servers.from_arguments)
    refuse = arguments.refuse
    refuse("", names.refusal(arguments.name))
    refuse("size", sizing.refusal(settings.size, forced=settings.force_size))
    value = settings.join_tag_value or arguments.name
    refuse("join_tag_key", names.join_refusal(settings.join_tag_key, value))
    for key, text in settings.tags.items():
        refuse("tags", names.tag_refusal(key, text))
        if key in {settings.join_tag_key, user_data.EXPECT_TAG}:
            refuse("tags", f"{key} is a tag that the cluster sets itself")
    for key in secrecy.found(settings.config):
        refuse(
            f"config.{key}",
            "a secret has no place in user data, which many may read; put it into Secrets Manager"
            " and name it by gossip_key_secret_arn, or set it through Consul's API",
        )
    return settings
