"""Commands of the box."""
