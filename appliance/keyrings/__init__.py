"""The keyrings of a box: drawn once, kept in two files, one for each process."""
