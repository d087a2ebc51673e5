# What `lictor esm` needs, which is what consul-esm needs: consul acl policy create -name lictor-esm
# -rules @consul-policy-esm.hcl

# Its own agent: who that is, and whether the monitor's service is still registered.
agent_prefix "" {
  policy = "read"
}

# Lists of nodes, the leader's lock, and when a node died: `consul_kv_path`.
key_prefix "consul-esm/" {
  policy = "write"
}

# External nodes: their checks, coordinates, and their end after node_reconnect_timeout. Name them
# more closely where their names have a prefix; nodes of the instances' own agents are read, too, and
# a token that does not see all of these is refused.
node_prefix "" {
  policy = "write"
}

# Checks of services on them, and the monitor's own service.
service_prefix "" {
  policy = "write"
}

# The session of the lock is bound to the agent's node.
session_prefix "" {
  policy = "write"
}
