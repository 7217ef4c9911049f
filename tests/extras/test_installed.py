"""What the tests of the extras import is there: a test that is skipped for want of it shows nothing."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.extras


@pytest.mark.parametrize(
    "module",
    [
        "torch",
        "transformers",
        "inspect_ai",
        "mirt",
        "nbclient",
        "nbformat",
        "ipykernel",
        "mem0",
        "langgraph",
        "lm_eval",
        "openai",
    ],
)
def test_a_module_of_the_extras_is_installed(module: str) -> None:
    assert find_spec(module) is not None, f"{module} is missing; `make test-extras` installs it"
