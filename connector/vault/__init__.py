"""Credentials: sealed, rotated, replaced, never read back."""
