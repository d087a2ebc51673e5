"""The AWS stand-in: moto's server with target groups that behave as AWS's do.

From Python, `process.start()` yields a `client.StandIn`; by hand, `python -m tests.fakes.aws`.
A request runs through `server` -> `front` (faults, policy, log) -> `operations` or moto; what
moto knows is read through `inventory` only. `control` is the JSON face under `/_standin/`.
"""
