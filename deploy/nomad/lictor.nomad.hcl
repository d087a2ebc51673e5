# Two watchers on one backend: a lock in Consul picks one, the other takes over within 21 s.
#
#   nomad var put nomad/jobs/lictor consul_token=... passphrase=...
#
# The client must allow the long stop: `max_kill_timeout = "15m"` in its `client` block. The image is
# that of deploy/container, with the project in /srv/lictor.
variable "image" {
  type        = string
  description = "The image, with its version or digest."
}

job "lictor" {
  type = "service"

  update {
    max_parallel     = 1 # the other one keeps watch
    health_check     = "checks"
    min_healthy_time = "10s"
    healthy_deadline = "5m"
    auto_revert      = true
  }

  group "watch" {
    count = 2

    constraint {
      distinct_hosts = true
    }

    network {
      port "http" {}
    }

    service {
      name     = "lictor"
      port     = "http"
      provider = "consul"

      check {
        name     = "alive"
        type     = "http"
        path     = "/healthz"
        interval = "10s"
        timeout  = "2s"

        check_restart {
          limit = 6
          grace = "1m"
        }
      }
    }

    restart {
      attempts = 5
      interval = "5m"
      delay    = "5s"
      mode     = "delay"
    }

    reschedule {
      unlimited      = true
      delay          = "10s"
      delay_function = "exponential"
      max_delay      = "5m"
    }

    task "lictor" {
      driver = "docker"

      config {
        image           = var.image
        network_mode    = "host"
        readonly_rootfs = true
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        init            = true

        args = [
          "watch",
          "--stack", "prod",
          "--listen", "${NOMAD_ADDR_http}",
          "--lock-prefix", "lictor",
          "--log-json",
        ]

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      # SIGTERM: the update under way is finished, the lock is given back.
      kill_signal  = "SIGTERM"
      kill_timeout = "15m"

      env {
        PULUMI_BACKEND_URL = "s3://example-pulumi-state?region=us-west-2"
        PULUMI_HOME        = "${NOMAD_ALLOC_DIR}/data/pulumi"
        AWS_REGION         = "us-west-2"
        CONSUL_HTTP_ADDR   = "http://${attr.unique.network.ip-address}:8500"
      }

      # With Vault instead: {{ with secret "kv/data/lictor" }}{{ .Data.data.consul_token }}{{ end }}
      template {
        destination = "${NOMAD_SECRETS_DIR}/lictor.env"
        env         = true
        change_mode = "restart"
        splay       = "30s"
        data        = <<-EOT
          {{ with nomadVar "nomad/jobs/lictor" -}}
          CONSUL_HTTP_TOKEN={{ .consul_token | toJSON }}
          PULUMI_CONFIG_PASSPHRASE={{ .passphrase | toJSON }}
          {{- end }}
        EOT
      }

      resources {
        cpu    = 200
        memory = 384
      }
    }
  }
}
