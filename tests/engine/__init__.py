"""Tests on the real engine: the Pulumi CLI, a Consul agent, the AWS stand-in."""
