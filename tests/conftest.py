"""What every test shares: a cache folder of its own, and sockets that stay on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support import loopback

# In CI the examples of a property are the same in every run: a new example there would stop work that did not cause
# it. Everywhere else they are new each time, and what they find becomes a fixed example.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("EVENHAND_CI"):
    hypothesis.settings.load_profile("ci")

# The matrices of an analysis are small: threads inside the linear algebra only wait for each other. Set before numpy
# is loaded; child processes inherit it.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")


# Sockets of this process and of every Python process that a test starts. The file is shared with them by its path.
_SOCKETS = Path(tempfile.mkdtemp(prefix="evenhand-sockets-")) / "attempts"
os.environ["EVENHAND_TEST_SOCKETS"] = str(_SOCKETS)
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(__file__).parent / "support" / "loopback_only"), *filter(None, [os.environ.get("PYTHONPATH")])]
)
loopback.guard(_SOCKETS)


_read = 0
"""How far the file was read: what a fixture of several tests tried is told by the next test that ends."""


@pytest.fixture(autouse=True)
def no_socket_leaves_this_machine() -> Iterator[None]:
    """Fail a test that tries to reach another machine, though the attempt was refused and perhaps passed over."""
    global _read
    yield
    tried = loopback.attempts(_SOCKETS, since=_read)
    if tried:
        _read = _SOCKETS.stat().st_size
        pytest.fail("a socket would have left this machine:\n" + "\n".join(tried), pytrace=False)


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Point `EVENHAND_CACHE` to a folder of this test session; child processes inherit it."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("EVENHAND_CACHE")
    os.environ["EVENHAND_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["EVENHAND_CACHE"]
    else:
        os.environ["EVENHAND_CACHE"] = before


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a module go to one process, so that what they share is made once (`--dist loadgroup`)."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(item.config.rootpath))))
