"""A real OpenID Connect provider of the tests, and a person's browser in front of it."""
