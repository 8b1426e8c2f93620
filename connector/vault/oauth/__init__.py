"""Access that a person granted at a system: tokens and the way to them."""
