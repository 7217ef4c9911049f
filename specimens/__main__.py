"""`python -m specimens`: rebuild the specimens, the bank and the card from nothing."""

from __future__ import annotations

from specimens.build import main

if __name__ == "__main__":
    main()
