"""`pulumi up` with program and provider in this process: only the CLI is started."""
