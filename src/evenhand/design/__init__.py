"""Cross factors into cells: matched sets, balanced incomplete crossings, option orders."""
