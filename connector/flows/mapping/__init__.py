"""The mapping language: pure functions from a source record to typed values of a target object."""
