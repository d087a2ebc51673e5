"""Consul for the monitor: on asyncio, one pool of connections, writes beside reads."""
