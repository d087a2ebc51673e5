"""Run the AWS stand-in by hand or as a child of the tests."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

_IMAGES = Path(__file__).with_name("amis.json")

_EXAMPLES = """
# try:
curl {url}/_standin/
curl -X POST {url}/_standin/faults -d '{{"operation": "RegisterTargets", "kind": "throttle"}}'
aws elbv2 create-target-group --name web --protocol HTTP --port 80 --target-type ip --vpc-id \\
  $(aws ec2 describe-vpcs --query 'Vpcs[0].VpcId' --output text)
"""


def main() -> int:
    """Serve until interrupted, terminated or left by the parent."""
    options = _parser().parse_args()
    os.environ.setdefault("MOTO_AMIS_PATH", str(_IMAGES))
    from tests.fakes.aws import client, server  # noqa: PLC0415 - moto reads its images at import
    from tests.fakes.aws.settings import Settings  # noqa: PLC0415

    defaults = Settings(initial_seconds=options.initial, draining_seconds=options.draining)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    served = server.make(options.port, defaults)
    url = f"http://127.0.0.1:{served.port}"
    sys.stdout.write(f"listening on {url}\n")
    if options.until_stdin_closes:
        threading.Thread(target=_end_with_parent, args=(served,), daemon=True).start()
    else:
        exports = client.environment(url, options.region)
        sys.stdout.writelines(f"export {name}={value}\n" for name, value in exports.items())
        sys.stdout.write(_EXAMPLES.format(url=url))
    sys.stdout.flush()
    served.serve_forever(poll_interval=0.05)
    return 0


def _parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser("python -m tests.fakes.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 lets the kernel choose")
    parser.add_argument("--region", default="us-west-2", help="for the printed environment")
    parser.add_argument(
        "--draining", type=float, metavar="SECONDS", help="instead of each group's delay"
    )
    parser.add_argument(
        "--initial", type=float, metavar="SECONDS", default=5.0, help="until a target is healthy"
    )
    parser.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    return parser


def _end(_signal: int, _frame: object) -> None:
    """End quietly."""
    raise SystemExit(0)


def _end_with_parent(served: BaseWSGIServer) -> None:
    """End when the parent is gone, however it went, so that no test leaves a server behind."""
    sys.stdin.read()
    served.shutdown()


if __name__ == "__main__":
    sys.exit(main())
