
# Everything below is the same for every version.
# root is set by whoever tries this script out; on an instance it is not.
readonly root="${LICTOR_ROOT:-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "lictor: $*" >&2
  exit 1
}

command -v unzip >/dev/null || dnf install --assumeyes unzip

curl --fail --silent --show-error --location --retry 5 --output "$work/consul.zip" "$url" ||
  fail "$url cannot be downloaded"
echo "$sha256  $work/consul.zip" | sha256sum --check --quiet ||
  fail "$url is not the archive that was asked for: its checksum is another one"
unzip -q -o "$work/consul.zip" consul -d "$work"

install -d -m 0755 "$root/usr/local/bin" "$root/etc/systemd/system"
install -m 0755 "$work/consul" "$root/usr/local/bin/consul"

getent passwd consul >/dev/null ||
  useradd --system --user-group --home-dir /opt/consul --shell /sbin/nologin consul
install -d -m 0750 "$root/etc/consul.d" "$root/opt/consul"
chown "${LICTOR_OWNER:-consul:consul}" "$root/etc/consul.d" "$root/opt/consul"

# Neither enabled nor started: the user data does both, once Consul is configured.
cat >"$root/etc/systemd/system/consul.service" <<'UNIT'
[Unit]
Description=Consul
Documentation=https://developer.hashicorp.com/consul
Wants=network-online.target
After=network-online.target
ConditionDirectoryNotEmpty=/etc/consul.d

[Service]
Type=exec
User=consul
Group=consul
ExecStart=/usr/local/bin/consul agent -config-dir=/etc/consul.d
ExecReload=/bin/kill --signal HUP $MAINPID
KillMode=process
KillSignal=SIGTERM
TimeoutStopSec=60
Restart=on-failure
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
