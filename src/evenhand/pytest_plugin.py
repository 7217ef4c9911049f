"""An audit as a fixture: `evenhand_audit` asks the assistant, and judges the answers by a policy.

pytest loads this file in every project where the package is installed, so it imports nothing of the package until a
test asks for the fixture. docs/gate.md shows a whole test.
"""

from __future__ import annotations

import pytest

__all__ = ["evenhand_audit", "pytest_addoption", "pytest_configure"]

_MARKER = (
    "evenhand(model, **request): the audit that the fixture `evenhand_audit` does; `request` are fields of "
    "evenhand.PlanRequest, and `policy`, `baseline` and `max_calls`"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings of the project: `[tool.pytest.ini_options]` of pyproject.toml, or pytest.ini."""
    parser.addini("evenhand_policy", "Policy of `evenhand_audit`, relative to the root folder; none: the shipped one.")
    parser.addini("evenhand_runs", "Folder of its runs, relative to the root folder.", default=".evenhand/runs")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def evenhand_audit(request: pytest.FixtureRequest) -> object:
    """The audit of the test's marker `evenhand`, and the decision of the project's policy.

    The run directory is named after the test. A second run of the same test asks only what is not answered yet; where
    the plan has changed since, the folder is refused, as by the command line.

    Returns:
        An `evenhand.pytest_audit.AuditResult`.

    Raises:
        pytest.UsageError: The test has no such marker, or it names what is not known.
    """
    from evenhand.pytest_audit import audited

    marker = request.node.get_closest_marker("evenhand")
    if marker is None:
        raise pytest.UsageError(
            f"{request.node.nodeid} uses evenhand_audit without saying whom to audit; "
            'mark it, for example @pytest.mark.evenhand("python:app:reply", preset="quick")'
        )
    return audited(request.config, test=request.node.nodeid, models=marker.args, named=marker.kwargs)
