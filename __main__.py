"""The stack's target groups, as its config says."""

import pulumi

import lictor

groups = lictor.target_groups()
pulumi.export("targetGroups", lictor.counts(groups))
lictor.check_failed(*groups.values())
