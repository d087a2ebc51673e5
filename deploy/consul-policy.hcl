# What lictor's token needs to read sources. Narrow `service_prefix` to the services that your
# stacks name; leave `node_prefix` open: an instance on a node that the token may not read makes
# Consul leave it out, and lictor then changes nothing.

service_prefix "" {
  policy = "read"
}

node_prefix "" {
  policy = "read"
}

# Prepared queries: to learn which checks a definition ignores. A query can be executed without.
query_prefix "" {
  policy = "read"
}

# Sources with `peer`: to know that the peering is whole.
peering = "read"
