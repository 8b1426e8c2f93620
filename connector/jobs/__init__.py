"""Work for the worker, as rows of ids."""
