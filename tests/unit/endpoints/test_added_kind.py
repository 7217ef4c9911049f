"""An endpoint kind of another package, as CONTRIBUTING says: one file, and one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

import evenhand
from evenhand.endpoints.kinds import kind_of
from evenhand.errors import EndpointError
from evenhand.plan.preview import preview
from tests.support.command import evenhand as command

FILE = '''
"""An assistant that always takes the best option, and knows which it is."""

from evenhand.endpoints.kind import EndpointKind, named_with_options
from evenhand.errors import EndpointError
from evenhand.records.message import Reply


class Sage:
    concurrency = 4
    locality = "any"

    def __init__(self, cells):
        self._cells = cells

    async def reply(self, request):
        cell = self._cells(request.cell_key)
        return Reply(text=request.letters[cell.options.index(cell.keyed_option)], finish="stop")

    async def aclose(self):
        return None


def check(check):
    if check.name.rest != "wise":
        raise EndpointError(f"there is no sage {check.name.rest!r}; the one that is there is 'wise'")


SAGE = EndpointKind(
    prefix="sage",
    open=lambda name, spec, context: Sage(context.cells),
    check=check,
    paid=lambda spec: False,
    named=lambda rest, spec: named_with_options(rest, spec, kind="sage"),
    local=True,
    needs_cells=True,
    simulated=True,
)
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file as an installed package, with its entry point."""
    site = tmp_path / "site"
    about = site / "sage_endpoint-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "sage_endpoint.py").write_text(FILE, encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: sage-endpoint\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[evenhand.endpoints]\nsage = sage_endpoint:SAGE\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))


@pytest.mark.usefixtures("installed")
def test_an_added_kind_is_audited_priced_and_marked_like_our_own(tmp_path: Path) -> None:
    request = evenhand.PlanRequest(
        models=("sage/wise",), design=evenhand.Design(kinds=("understanding",), pairs_per_item=1, none_repeats=1)
    )
    plan = evenhand.make_plan(request)
    (cost,) = preview(plan, concurrency=4).models
    assert (cost.paid, cost.cost_usd, cost.seconds) == (False, None, None)
    run = evenhand.audit(plan, tmp_path / "run", limits=evenhand.Limits(max_calls=80))
    assert set(run.scores["score"]) == {1.0}
    assert run.findings.run is not None
    assert run.findings.run.simulated
    assert "simulated" in run.report.read_text(encoding="utf-8")


@pytest.mark.usefixtures("installed")
def test_an_added_kind_checks_its_names_and_is_suggested(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ended = command("plan", "sage/foolish", "--out", tmp_path / "p", capsys=capsys, monkeypatch=monkeypatch)
    assert ended.code == EndpointError.exit_code
    assert "no sage 'foolish'" in ended.err
    with pytest.raises(EndpointError, match="did you mean 'sage'"):
        kind_of(evenhand.ModelSpec(name="sagee/wise"))


def test_without_the_package_there_is_no_such_kind() -> None:
    with pytest.raises(EndpointError, match="No endpoint is called 'sage'"):
        kind_of(evenhand.ModelSpec(name="sage/wise"))
