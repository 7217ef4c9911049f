"""Whole audits that several modules look at. They are marked as one group, so that one process makes them once."""

from __future__ import annotations

import pytest

from tests.support.standard_audit import StandardAudit, standard_audit


@pytest.fixture(scope="session")
def tilted_audit(tmp_path_factory: pytest.TempPathFactory) -> StandardAudit:
    """The standard audit of the specimen with planted effects."""
    return standard_audit("specimen/tilted", tmp_path_factory.mktemp("standard") / "tilted")


@pytest.fixture(scope="session")
def level_audit(tmp_path_factory: pytest.TempPathFactory) -> StandardAudit:
    """The standard audit of the specimen without any."""
    return standard_audit("specimen/level", tmp_path_factory.mktemp("standard") / "level")
