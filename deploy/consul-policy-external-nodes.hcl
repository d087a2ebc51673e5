# What lictor's token needs beyond consul-policy.hcl to register external nodes. Narrow both prefixes
# to the nodes and services that your stacks declare. A check is its service's, or its node's.
node_prefix "" {
  policy = "write"
}

service_prefix "" {
  policy = "write"
}
