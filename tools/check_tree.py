"""Keep out of the tree what ties it to one machine or gives something away.

    python3 -m tools.check_tree        (a part of make lint)

Looks through every file that git tracks, or would: addresses of package registries (pip and go
have their own settings), folders of somebody's machine, and what looks like a credential.
"""

import re
import subprocess
import sys
from pathlib import Path

RULES = {
    "address of a package registry": re.compile(
        rb"pypi\.org/simple|pythonhosted\.org|(?:proxy|sum)\.golang\.org|goproxy\.|index[-_]url"
    ),
    "folder of one machine": re.compile(rb"(?<![\w.~$}*/-])/(?:root|work|home)/\w"),
    "looks like a credential": re.compile(
        rb"\b(?:AKIA|ASIA)(?!IOSFODNN7EXAMPLE)[A-Z2-7]{16}\b|\bgh[pousr]_\w{36}|\bpul-[0-9a-f]{40}\b"
        rb"|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bhvs\.[\w-]{24}|\bxox[abp]-\w{10}"
    ),
}


def faults(name: str, content: bytes) -> list[str]:
    """Every line of a file that breaks a rule."""
    return [
        f"{name}:{number}: {rule}: {line.decode(errors='replace').strip()[:100]}"
        for number, line in enumerate(content.splitlines(), 1)
        for rule, pattern in RULES.items()
        if pattern.search(line)
    ]


def main() -> int:
    """Print each fault; one is enough to fail."""
    root = Path(__file__).resolve().parents[1]
    # A container's user is often not the checkout's owner, and git would refuse to list it.
    git = ["git", "-c", f"safe.directory={root}", "ls-files", "-z"]
    listed = subprocess.run(  # noqa: S603 - fixed arguments
        [*git, "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    files = [(name, root / name) for name in names]
    found = [f for name, path in files if path.is_file() for f in faults(name, path.read_bytes())]
    sys.stdout.write("".join(f"{fault}\n" for fault in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
