"""Writing: preparing and sending creates, updates and voids, their steps, and the look-up."""
