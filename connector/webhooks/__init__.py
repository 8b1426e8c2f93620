"""Signed events from other systems."""
