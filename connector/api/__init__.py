"""The JSON interface for programs: what the console can do, under tokens with scopes."""
