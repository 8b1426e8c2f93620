"""The product: it knows nothing of the box that it runs in."""
