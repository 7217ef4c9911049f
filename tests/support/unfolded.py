"""A page with everything that lies deflated in it put in its place, as its script does when it is opened."""

from __future__ import annotations

import base64
import re
import zlib

__all__ = ["unfolded"]

_FOLDED = re.compile(r'<div class="folded-away [a-z]*">.*?<pre hidden>([A-Za-z0-9+/=]+)</pre></div>', re.DOTALL)


def unfolded(page: str) -> str:
    """The page as a reader sees it who opens everything."""
    return _FOLDED.sub(lambda found: zlib.decompress(base64.b64decode(found.group(1))).decode(), page)
