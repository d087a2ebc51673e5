
# Everything below is the same for every cluster.
# root and metadata are set by whoever tries this script out; on an instance they are not.
readonly root="${LICTOR_ROOT:-}"
readonly metadata="${LICTOR_METADATA:-http://169.254.169.254}"
readonly owner="${LICTOR_OWNER:-consul:consul}"
readonly folder="$root/etc/consul.d"
readonly end="${LICTOR_PATIENCE:-$patience}" pause="${LICTOR_PAUSE:-3}"
again=""
[[ ! -e "$folder/20-instance.json" ]] || again=yes # by hand, on a server that may serve

fail() {
  echo "lictor: $*" >&2
  exit 1
}

ended() { # to the group a server that does not boot is a healthy one, for which it ends an old one
  local code=$?
  if ((code)) && [[ -z $again ]]; then
    echo "lictor: this server did not boot; it ends itself, and the group launches another" >&2
    systemctl --no-block poweroff
  fi
}
trap ended EXIT

fetch() { # the header goes by standard input: arguments can be read by every process
  curl --fail --silent --show-error --max-time 5 --retry 5 --retry-connrefused --config - "$@"
}

ask() { # one question to the metadata service, version 2
  fetch "$metadata/latest/meta-data/$1" <<<"header = \"X-aws-ec2-metadata-token: $session\""
}

secret() { # a new role takes a while to be known everywhere
  local try
  for ((try = 1; try <= 30; try++)); do
    if aws secretsmanager get-secret-value --region "$region" --secret-id "$1" \
      --query SecretString --output text; then
      return
    fi
    echo "lictor: secret $1 cannot be read (try $try of 30)" >&2
    ((SECONDS < end)) || break
    sleep "$pause"
  done
  fail "secret $1 cannot be read; may the role call secretsmanager:GetSecretValue on it?"
}

put() { # whole or not at all, and for Consul alone
  cat >"$folder/$1.new"
  chmod 0640 "$folder/$1.new"
  chown "$owner" "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}

pem() { # a secret in PEM format, into a file
  local text
  text=$(secret "$2")
  [[ $text == *-----BEGIN* ]] || fail "secret $2 is not in PEM format"
  put "tls/$1.pem" <<<"$text"
}

leader() { # wait until this server knows one: then it is a member, and the others stand
  local host=127.0.0.1 said answered="" others
  local -a tls=()
  [[ $client == 127.0.0.1* ]] || host=$client
  [[ -z $ca_secret ]] || # the certificate is for a name, and may be asked for
    tls=(--insecure --cert "$folder/tls/cert.pem" --key "$folder/tls/key.pem")
  while true; do
    if said=$(curl --silent --max-time 5 "${tls[@]}" "$api://$host:$port/v1/status/leader"); then
      answered=yes
      [[ $said != \"?*\" ]] || return 0
    fi
    ((SECONDS < end)) || break
    sleep "$pause"
  done
  others=$(find "$folder" -maxdepth 1 \( -name '*.hcl' -o -name '*.json' \) ! -name '[1-9]0-*.json')
  if [[ -z $answered && -n $others ]]; then # the image may have put the API elsewhere
    echo "lictor: Consul's API is not on port $port; whether it has a leader is not known" >&2
    return 0
  fi
  fail "Consul knows no leader after $SECONDS s; can the servers reach AWS and each other?"
}

command -v consul >/dev/null || fail "this image has no consul; bake one with ConsulServerImage"
[[ -z $gossip_secret$ca_secret ]] || command -v aws >/dev/null ||
  fail "this image has no AWS CLI, which reads the secrets"

# Who am I?
session=$(fetch --request PUT "$metadata/latest/api/token" \
  <<<'header = "X-aws-ec2-metadata-token-ttl-seconds: 300"') ||
  fail "the instance metadata service gives no token"
instance=$(ask instance-id) || fail "the instance metadata service does not tell the instance id"
address=$(ask local-ipv4) || fail "the instance metadata service does not tell the address"
region=$(ask placement/region) || fail "the instance metadata service does not tell the region"
zone=$(ask placement/availability-zone) || fail "the instance metadata service tells no zone"
expect=$(ask "tags/instance/$expect_tag") || fail "the instance has no tag $expect_tag"
[[ $instance =~ ^i-[0-9a-f]+$ ]] || fail "no instance id: $instance"
[[ $address =~ ^[0-9]+(\.[0-9]+){3}$ ]] || fail "no IPv4 address: $address"
[[ $region =~ ^[a-z0-9-]+$ && $zone =~ ^[a-z0-9-]+$ ]] || fail "no region or zone: $region $zone"
[[ $expect =~ ^[0-9]+$ ]] || fail "the tag $expect_tag is no number: $expect"

case $listen in
  private) client=$address ;;
  loopback) client=127.0.0.1 ;;
  *) client="127.0.0.1 $address" ;;
esac

# The host is called as the instance is.
hostnamectl set-hostname "$instance"

# Consul reads its directory in alphabetical order; what is read later wins.
mkdir -p "$folder/tls" "$root$data_dir"
chown "$owner" "$folder" "$folder/tls" "$root$data_dir"
chmod 0750 "$folder" "$folder/tls" "$root$data_dir"

put 10-cluster.json <<<"$cluster"

put 20-instance.json <<END
{
  "node_name": "$instance",
  "bind_addr": "$address",
  "advertise_addr": "$address",
  "client_addr": "$client",
  "data_dir": "$root$data_dir",
  "bootstrap_expect": $expect,
  "retry_join": ["provider=aws region=$region tag_key=$join_key tag_value=$join_value"],
  "node_meta": {"instance-id": "$instance", "availability-zone": "$zone"}
}
END

if [[ -n $gossip_secret ]]; then
  key=$(secret "$gossip_secret")
  [[ $key =~ ^[A-Za-z0-9+/]{22,43}=*$ ]] ||
    fail "secret $gossip_secret is no gossip key; make one with: consul keygen"
  put 30-gossip.json <<<"{\"encrypt\": \"$key\"}"
fi

if [[ -n $ca_secret ]]; then
  pem ca "$ca_secret"
  pem cert "$cert_secret"
  pem key "$key_secret"
  put 40-tls.json <<END
{
  "tls": {
    "defaults": {
      "ca_file": "$folder/tls/ca.pem",
      "cert_file": "$folder/tls/cert.pem",
      "key_file": "$folder/tls/key.pem",
      "verify_outgoing": true
    },
    "internal_rpc": {"verify_incoming": true, "verify_server_hostname": true}
  }
}
END
fi

put 90-own.json <<<"$own"

consul validate "$folder" || fail "Consul does not take its configuration, see above"
systemctl enable consul.service
systemctl start consul.service || [[ -n $port ]] || fail "Consul does not start"
[[ -z $port ]] || leader
