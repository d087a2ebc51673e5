"""Consul servers that find themselves, the tag that follows their leader, and a load balancer.

    pip install 'lictor[servers]'
    pulumi config set --path vpcId vpc-...
    pulumi config set --path 'subnetIds[0]' subnet-...     (three private ones, of three zones)
    pulumi config set sha256 ...                           (of consul_1.22.5_linux_amd64.zip)
    pulumi up                                              (bakes the image, makes the servers)
    pulumi config set consul:address http://...:8500       (once they have elected a leader)
    pulumi up                                              (tags the leader, fills the group)

Until `consul:address` is set there is no Consul that could be asked, so what reads it waits.
"""

import pulumi
import pulumi_aws as aws

import lictor

config = pulumi.Config()
vpc_id = config.require("vpcId")

clients = aws.ec2.SecurityGroup(
    "consul-clients", description="Whoever speaks to Consul", vpc_id=vpc_id
)
image = lictor.ConsulServerImage("consul", consul_version="1.22.5", sha256=config.require("sha256"))
servers = lictor.ConsulServerCluster(
    "consul",
    image_id=image.image_id,
    subnet_ids=config.require_object("subnetIds"),
    client_security_group_ids=[clients.id],
)
group = aws.lb.TargetGroup(
    "consul-ui",
    port=8500,
    protocol="HTTP",
    vpc_id=vpc_id,
    health_check={"path": "/v1/status/leader"},
)
pulumi.export("retryJoin", servers.retry_join)
pulumi.export("targetGroup", group.arn)

if pulumi.Config("consul").get("address"):
    leader = lictor.LeaderTag(
        "leader", tag_value="consul", instance_filter={"tag:consul-cluster": "consul"}
    )
    page = lictor.TargetGroupAttachments(
        "consul-ui",
        target_group_arn=group.arn,
        sources=[lictor.ConsulService("consul")],
        port=8500,
        min_targets=2,
    )
    lictor.check_failed(leader, page)
