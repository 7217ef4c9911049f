"""Where a run is asked: what cannot be is refused in one sentence, before anything is started."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from evenhand.cluster.ray_crew import check_address
from evenhand.errors import EndpointError, UsageError
from evenhand.plan.file import write_plan
from tests.support.command import evenhand
from tests.support.small_plan import small_plan


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_plan(small_plan(), tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--engine", "rya"), 2, "--engine got 'rya' (did you mean 'ray'?); it takes one of: local, ray"),
        (("--engine", "ray"), 2, "--engine ray needs --store"),
        (("--store", "shared"), 2, "--store goes with --engine ray"),
        (("--workers", "2"), 2, "--workers goes with --engine ray"),
        (("--engine", "local", "--part", "5"), 2, "--part goes with --engine ray"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    options: tuple[str, ...],
    code: int,
    said: str,
    run: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = evenhand("run", run, *options, capsys=capsys, monkeypatch=monkeypatch)
    assert ended.code == code
    assert said in " ".join(ended.err.split())
    assert sorted(path.name for path in run.iterdir()) == ["plan.json"]


def test_without_ray_the_extra_is_named_and_nothing_is_written(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    shared = tmp_path / "shared"
    ended = evenhand("run", run, "--engine", "ray", "--store", shared, capsys=capsys, monkeypatch=monkeypatch)
    assert ended.code == 5
    assert "pip install 'evenhand[ray]'" in " ".join(ended.err.split())
    assert not shared.exists()


@pytest.mark.parametrize("address", ["head", "head:", ":6379", "ray://head:10001", "head:port", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="it takes HOST:PORT"):
        check_address(address)


def test_an_address_where_nobody_answers_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(EndpointError, match=f"no Ray cluster answers at '127.0.0.1:{port}'"):
        check_address(f"127.0.0.1:{port}")


def test_the_store_of_a_settings_file_is_a_memory_store_and_no_place_for_answers(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evenhand.toml").write_text('store = "files"\n')
    ended = evenhand("run", run, "--max-calls", 1, capsys=capsys, monkeypatch=monkeypatch)
    assert ended.code == 6, ended.err
    assert "--store" not in ended.err
