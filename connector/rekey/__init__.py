"""Keys of the box over time: which are expected, and sealing anew what older ones sealed."""
