"""Reading: pages of a stream, one record, changes, marks, acknowledgements."""
