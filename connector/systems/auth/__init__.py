"""Signing in: one small file for each way."""
