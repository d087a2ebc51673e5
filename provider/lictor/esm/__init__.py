"""The monitor of external services: discovery, probes, verdicts, writes, sharing."""
