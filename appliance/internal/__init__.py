"""What other services of the same machine may ask: health in detail, metrics, checkpoints."""
