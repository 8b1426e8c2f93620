"""The audit log: one way to write, nobody can change."""
