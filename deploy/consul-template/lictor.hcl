# consul-template -config /etc/lictor/consul-template.hcl, with SERVICES="web api" in its environment
# and Consul's address and token in CONSUL_HTTP_ADDR and CONSUL_HTTP_TOKEN.

consul {
  retry {
    attempts    = 0 # for ever: consul-template ends otherwise
    backoff     = "250ms"
    max_backoff = "30s"
  }
}

kill_signal   = "SIGTERM"
reload_signal = "SIGHUP"

template {
  source      = "/etc/lictor/instances.ctmpl"
  destination = "/run/lictor/instances" # gone after a restart, which then runs once
  perms       = "0600"

  # An isolated change runs after `min`; a burst is gathered for `max` at most.
  wait {
    min = "200ms"
    max = "2s"
  }

  exec {
    command = ["/usr/local/bin/lictor-run", "--cwd", "/srv/lictor", "--stack", "prod"]

    # Without a timeout consul-template does not wait for a command at all; with its default it
    # kills an update after 30 s.
    timeout      = "24h"
    kill_signal  = "SIGTERM"
    kill_timeout = "15m"
  }
}
