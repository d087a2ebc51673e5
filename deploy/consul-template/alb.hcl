# consul-template -config /etc/lictor/alb-template.hcl: which target groups there are stands in
# Consul's keys (see alb.ctmpl). consul-template starts the watcher, and has it read the file again
# (SIGHUP) when that changes. A file that cannot be read leaves the one before in force.

consul {
  retry {
    attempts    = 0 # for ever: consul-template ends otherwise
    backoff     = "250ms"
    max_backoff = "30s"
  }
}

template {
  source      = "/etc/lictor/alb.ctmpl"
  destination = "/run/lictor/alb.hcl"
  perms       = "0600"
}

exec {
  command       = ["lictor", "watch", "/run/lictor/alb.hcl", "/etc/lictor/consul.hcl"]
  reload_signal = "SIGHUP"
  kill_signal   = "SIGTERM"
  kill_timeout  = "15m" # an update that is under way is finished
}
