"""Logs that hold no secret: one filter that every record passes, and how lines are written."""
