"""The stack's resources, as its config says."""

import pulumi

import lictor

groups = lictor.target_groups()
tags = lictor.leader_tags()
nodes = lictor.external_nodes()
servers = lictor.consul_servers()
pulumi.export("targetGroups", lictor.counts(groups))
for name, cluster in servers.items():
    pulumi.export(f"consulServers.{name}", cluster.retry_join)
lictor.check_failed(*groups.values(), *tags.values(), *nodes.values())
