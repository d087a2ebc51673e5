"""What one AWS request asks for, read from its bytes."""

from __future__ import annotations

import dataclasses
import io
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SETUP_KEY = "STANDINSETUP"
"""Access key of the stand-in's own set-up calls: no fault, policy or log touches them."""

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_TARGET = re.compile(r"^Targets\.member\.(\d+)\.(Id|Port|AvailabilityZone)$")
_BY_VERSION = {
    "2015-12-01": "elasticloadbalancing",
    "2016-11-15": "ec2",
    "2011-06-15": "sts",
    "2010-05-08": "iam",
}
_BUCKET_OPERATIONS = {
    "GET": "ListObjectsV2",
    "PUT": "CreateBucket",
    "DELETE": "DeleteBucket",
    "HEAD": "HeadBucket",
    "POST": "DeleteObjects",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """One member of a target group as a call names it."""

    id: str
    port: int | None = None
    zone: str | None = None

    @property
    def key(self) -> str:
        """Return what makes two targets the same one: the zone does not."""
        return self.id if self.port is None else f"{self.id}:{self.port}"

    def as_json(self) -> dict[str, Any]:
        """Return the target as the call log shows it."""
        return {"id": self.id, "port": self.port, "zone": self.zone}


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One AWS call."""

    service: str
    region: str
    operation: str
    version: str
    access_key: str
    params: dict[str, str]
    targets: tuple[Target, ...] = ()
    session_token: str = ""

    @property
    def target_group(self) -> str | None:
        """Return the target group the call is about, if it names just one."""
        return self.params.get("TargetGroupArn") or self.params.get("TargetGroupArns.member.1")

    def names(self, target: str) -> bool:
        """Tell whether the call mentions this target or resource id anywhere."""
        if any(target in (member.id, member.key) for member in self.targets):
            return True
        return target in self.params.values()


def read(environ: WSGIEnvironment) -> Call:
    """Read the call and leave the body readable for moto."""
    credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    access_key, region, service = credential.groups() if credential else ("", "", "")
    form = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form |= dict(parse_qsl(_body(environ), keep_blank_values=True))
    version = form.pop("Version", "")
    service = service or _BY_VERSION.get(version, "s3")
    operation = form.pop("Action", "") or _named_elsewhere(environ, service)
    params, targets = _split_targets(form)
    if service == "s3":
        params["Bucket"], params["Key"] = _bucket_and_key(environ)
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
    return Call(service, region, operation, version, access_key, params, targets, token)


def _body(environ: WSGIEnvironment) -> str:
    """Take the form out of the request and put a copy back."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body.decode()


def _named_elsewhere(environ: WSGIEnvironment, service: str) -> str:
    """Name the operation of JSON services by header and of S3 by method and path."""
    header = environ.get("HTTP_X_AMZ_TARGET", "")
    if header:
        return str(header.rpartition(".")[2])
    method, path = str(environ["REQUEST_METHOD"]), str(environ.get("PATH_INFO", ""))
    if service != "s3":
        return f"{method} {path}"
    bucket, key = _bucket_and_key(environ)
    if not bucket:
        return "ListBuckets"
    return f"{method.title()}Object" if key else _BUCKET_OPERATIONS.get(method, method)


def _bucket_and_key(environ: WSGIEnvironment) -> tuple[str, str]:
    """Return what an S3 path names."""
    bucket, _, key = str(environ.get("PATH_INFO", "")).strip("/").partition("/")
    return bucket, key


def _split_targets(form: dict[str, str]) -> tuple[dict[str, str], tuple[Target, ...]]:
    """Part the `Targets.member.N` list from the other parameters."""
    params: dict[str, str] = {}
    found: dict[int, dict[str, str]] = {}
    for name, value in form.items():
        match = _TARGET.match(name)
        if match:
            found.setdefault(int(match[1]), {})[match[2]] = value
        else:
            params[name] = value
    targets = tuple(
        Target(
            id=fields.get("Id", ""),
            port=int(fields["Port"]) if fields.get("Port", "").lstrip("-").isdigit() else None,
            zone=fields.get("AvailabilityZone") or None,
        )
        for _, fields in sorted(found.items())
    )
    return params, targets
