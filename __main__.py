"""The stack's resources, as its config says."""

import pulumi

import lictor

groups = lictor.target_groups()
tags = lictor.leader_tags()
pulumi.export("targetGroups", lictor.counts(groups))
lictor.check_failed(*groups.values(), *tags.values())
