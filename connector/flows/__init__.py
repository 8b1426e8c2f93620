"""Flows: read, map, deliver exactly once."""
