# What `lictor watch` needs beyond consul-policy.hcl: the lock that picks one of several watchers,
# and the pauses that they obey. `lictor watch --no-lock` does without. The prefix is that of
# `--lock-prefix`; name it more closely where several stacks share a Consul:
# key_prefix "lictor/PROJECT/STACK/".
key_prefix "lictor/" {
  policy = "write"
}

# A session is bound to the agent's node, whichever that is.
session_prefix "" {
  policy = "write"
}
