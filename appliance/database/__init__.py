"""Where the database is, who may do what in it, and the embedded server."""
