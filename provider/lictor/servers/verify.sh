
# Everything below is the same for every version.
readonly root="${LICTOR_ROOT:-}"

fail() {
  echo "lictor: $*" >&2
  exit 1
}

found=$("$root/usr/local/bin/consul" version | head -n 1)
[[ $found == "Consul v$version"* ]] || fail "expected Consul v$version, found $found"
[[ -f "$root/etc/systemd/system/consul.service" ]] || fail "there is no unit for Consul"
if systemctl is-enabled --quiet consul.service; then
  fail "the service is enabled; it must not start before it is configured"
fi
if systemctl is-active --quiet consul.service; then
  fail "the service runs"
fi
