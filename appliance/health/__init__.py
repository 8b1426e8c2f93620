"""Whether the box is alive and ready."""
