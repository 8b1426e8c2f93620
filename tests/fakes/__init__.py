"""Systems that the tests talk to over loopback."""
