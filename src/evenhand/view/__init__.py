"""A local page over a folder of runs. It reads; the one thing that it writes is what people note of an item."""
