"""Answers as AWS writes them: XML or JSON, each service in its own dialect."""

from __future__ import annotations

import dataclasses
import json
import re
import uuid
from xml.sax.saxutils import escape

ELB_NAMESPACE = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"
_JSON_SERVICES = frozenset({"dynamodb", "ssm", "kms", "secretsmanager", "logs", "events"})
_CODE = re.compile(rb"<Code>([^<]+)</Code>|\"__type\":\s*\"(?:[^\"]*#)?([^\"]+)\"")


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, kept whole so that faults can hold it back."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/xml"),)
    error: str | None = None


class Refusal(Exception):
    """An error that AWS would answer with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Keep the three things an AWS error consists of."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def validation_error(message: str) -> Refusal:
    """Return ELBv2's answer to a parameter it will not take."""
    return Refusal("ValidationError", message)


def elb_result(operation: str, inner: str = "") -> Answer:
    """Wrap the inside of an ELBv2 result."""
    result = f"<{operation}Result>{inner}</{operation}Result>"
    meta = f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
    text = f'<{operation}Response xmlns="{ELB_NAMESPACE}">{result}{meta}</{operation}Response>'
    return Answer(200, text.encode())


def element(name: str, value: str | int | None) -> str:
    """Return one XML element, or nothing for None."""
    return "" if value is None else f"<{name}>{escape(str(value))}</{name}>"


def refused(service: str, refusal: Refusal) -> Answer:
    """Write an error in the dialect of `service`."""
    request = str(uuid.uuid4())
    if service in _JSON_SERVICES:
        body = json.dumps({"__type": refusal.code, "message": refusal.message})
        headers = (("Content-Type", "application/x-amz-json-1.1"),)
        return Answer(refusal.status, body.encode(), headers, refusal.code)
    error = element("Code", refusal.code) + element("Message", refusal.message)
    if service == "ec2":
        inside = f"<Errors><Error>{error}</Error></Errors>{element('RequestID', request)}"
        text = f"<Response>{inside}</Response>"
    elif service == "s3":
        text = f"<Error>{error}{element('RequestId', request)}</Error>"
    else:
        kind = element("Type", "Sender" if refusal.status < 500 else "Receiver")
        inside = f"<Error>{kind}{error}</Error>{element('RequestId', request)}"
        text = f'<ErrorResponse xmlns="{ELB_NAMESPACE}">{inside}</ErrorResponse>'
    return Answer(refusal.status, text.encode(), error=refusal.code)


def error_code(status: int, body: bytes) -> str | None:
    """Find the error code in an answer that moto wrote."""
    if status < 400:
        return None
    match = _CODE.search(body)
    return (match[1] or match[2]).decode() if match else str(status)
