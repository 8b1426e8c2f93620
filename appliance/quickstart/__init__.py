"""A whole box on one machine, with two practice systems, in one command."""
