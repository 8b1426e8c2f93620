"""Against a real foreign system, started by the tests themselves."""
