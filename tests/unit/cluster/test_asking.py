"""A run on several workers ends as a run on one machine does: same bytes, every cell once, whatever is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from evenhand.audit import audit
from evenhand.cluster.asking import Cluster, ClusterAsking, check_plan
from evenhand.cluster.place import FolderPlace
from evenhand.cluster.shared_store import SharedStore
from evenhand.cluster.task import Task
from evenhand.errors import EndpointError, PlanError, StoreError, UsageError
from evenhand.plan.file import stamp_plan
from evenhand.records.model_spec import ModelSpec
from evenhand.records.plan import Plan
from evenhand.run.limits import Limits, Progress
from evenhand.store.reading import open_trials
from tests.support.deciding_server import deciding_plan, deciding_server
from tests.support.small_plan import small_plan, with_seed
from tests.support.thread_crew import ThreadCrew

PLAN = small_plan()
CELLS = 120
FILES = ("findings.json", "report.html", "scores.parquet")
Giving = Callable[[ThreadCrew, int, Task], None]


def asking(
    folder: Path,
    *,
    workers: int = 2,
    gpus: int = 0,
    on_give: Giving = lambda crew, worker, task: None,
    part: int | None = 20,
    installed: str | None = None,
    crews: list[ThreadCrew] | None = None,
) -> ClusterAsking:
    def made(plan: Plan, settings: object) -> ThreadCrew:
        crew = ThreadCrew(plan, settings, workers=workers, gpus=gpus, on_give=on_give, installed=installed)  # type: ignore[arg-type]
        if crews is not None:
            crews.append(crew)
        return crew

    cluster = Cluster(store=str(folder / "shared"), part_cells=part, land_s=0.02, land_rows=7)
    return ClusterAsking(cluster, crew=made)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same plan on one machine."""
    return audit(PLAN, tmp_path_factory.mktemp("one") / "run").path


def same_as(one: Path, many: Path) -> None:
    for name in FILES:
        assert (many / name).read_bytes() == (one / name).read_bytes(), name


def test_several_workers_find_what_one_machine_finds(one: Path, tmp_path: Path) -> None:
    many = audit(PLAN, tmp_path / "run", asking=asking(tmp_path, workers=3))
    assert (many.asked.stopped, many.asked.asked, many.asked.skipped) == ("done", CELLS, 0)
    assert (many.asked.workers_lost, many.asked.repeated) == (0, 0)
    same_as(one, many.path)


def test_a_worker_that_is_cut_off_and_goes_on_changes_nothing(one: Path, tmp_path: Path) -> None:
    """The lost worker still writes its part, as another one does: each cell lands once, and what came twice is told."""

    def losing(crew: ThreadCrew, worker: int, task: Task) -> None:
        if task.part.number == 1 and task.attempt == 1:
            crew.lose(worker)

    many = audit(PLAN, tmp_path / "run", asking=asking(tmp_path, on_give=losing))
    assert (many.asked.asked, many.asked.workers_lost) == (CELLS, 1)
    same_as(one, many.path)


def test_answers_that_came_twice_are_counted_and_the_first_one_counts(one: Path, tmp_path: Path) -> None:
    first = audit(PLAN, tmp_path / "run", asking=asking(tmp_path))
    again = tmp_path / "shared" / "parts" / "00000002"
    for path in sorted(again.iterdir()):
        path.with_name(path.name.replace("000001-001-", "000001-002-")).write_bytes(path.read_bytes())
    (tmp_path / "shared" / "manifests" / "00000002.json").unlink()
    second = audit(PLAN, tmp_path / "other" / "run", asking=asking(tmp_path))
    assert first.asked.repeated == 0
    assert second.asked.repeated == 20
    assert (second.asked.asked, second.asked.skipped) == (0, CELLS)
    same_as(one, second.path)


def test_a_run_that_was_stopped_goes_on_by_part_and_by_cell(one: Path, tmp_path: Path) -> None:
    stopped = audit(PLAN, tmp_path / "run", limits=Limits(max_calls=50), asking=asking(tmp_path))
    assert (stopped.asked.stopped, stopped.asked.asked, stopped.asked.calls) == ("max_calls", 50, 50)
    crews: list[ThreadCrew] = []
    rest = audit(PLAN, tmp_path / "run", asking=asking(tmp_path, part=None, crews=crews))
    assert (rest.asked.stopped, rest.asked.asked, rest.asked.skipped) == ("done", CELLS - 50, 50)
    same_as(one, rest.path)
    whole = audit(PLAN, tmp_path / "run", asking=asking(tmp_path, crews=crews))
    assert (whole.asked.asked, whole.asked.skipped, len(crews)) == (0, CELLS, 1)


@pytest.mark.parametrize("budget", [1, 7, 119, 500])
def test_a_budget_holds_over_all_workers(budget: int, tmp_path: Path) -> None:
    done = audit(PLAN, tmp_path / "run", limits=Limits(max_calls=budget), asking=asking(tmp_path, workers=4))
    assert done.asked.calls == done.asked.asked == min(budget, CELLS)
    assert done.asked.stopped == ("max_calls" if budget < CELLS else "done")


def test_all_answers_can_be_brought_to_another_directory(one: Path, tmp_path: Path) -> None:
    audit(PLAN, tmp_path / "first" / "run", asking=asking(tmp_path))
    copy = audit(PLAN, tmp_path / "second" / "run", asking=asking(tmp_path))
    assert (copy.asked.asked, copy.asked.skipped) == (0, CELLS)
    same_as(one, copy.path)
    with sqlite3.connect(copy.path / "trials.sqlite") as database:
        assert database.execute("SELECT count(*), count(DISTINCT cell_key) FROM trials").fetchone() == (CELLS, CELLS)
    database.close()


def test_an_interrupted_run_keeps_what_is_answered(tmp_path: Path) -> None:
    crews: list[ThreadCrew] = []

    def stopping(crew: ThreadCrew, worker: int, task: Task) -> None:
        if task.part.number == 2:
            crew.interrupt()

    asked = asking(tmp_path, on_give=stopping, crews=crews)
    audit(PLAN, tmp_path / "run", asking=asked)
    with open_trials(tmp_path / "run" / "trials.sqlite") as trials:
        assert 0 < trials.count() < CELLS
    rest = audit(PLAN, tmp_path / "run", asking=asking(tmp_path))
    assert rest.asked.skipped + rest.asked.asked == CELLS


def test_another_driver_takes_over_and_the_first_one_says_so(tmp_path: Path) -> None:
    def overtaken(crew: ThreadCrew, worker: int, task: Task) -> None:
        if len(crew.given) == 1:
            SharedStore.at(FolderPlace(tmp_path / "shared")).take_over(version="x")

    with pytest.raises(StoreError, match="Another `evenhand run` has taken over"):
        audit(PLAN, tmp_path / "run", asking=asking(tmp_path, on_give=overtaken))


def test_a_worker_with_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'here' has evenhand 9\.9"):
        audit(PLAN, tmp_path / "run", asking=asking(tmp_path, installed="9.9"))


def test_an_assistant_that_a_worker_cannot_ask_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    plan = small_plan(model="openai/gpt-5.1")
    with pytest.raises(EndpointError, match="OPENAI_API_KEY"):
        audit(plan, tmp_path / "run", asking=asking(tmp_path))


def test_a_directory_and_a_store_belong_together(tmp_path: Path) -> None:
    audit(PLAN, tmp_path / "alone", limits=Limits(max_calls=10))
    with pytest.raises(UsageError, match="holds 10 answers that"):
        audit(PLAN, tmp_path / "alone", asking=asking(tmp_path))
    audit(PLAN, tmp_path / "run", asking=asking(tmp_path))
    with pytest.raises(PlanError, match="holds answers to the plan"):
        audit(with_seed(PLAN, 8), tmp_path / "other", asking=asking(tmp_path))


def test_models_that_want_a_gpu_go_to_workers_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models, one of which a patch says is computed on a GPU: each goes to its own kind of worker."""
    from evenhand.endpoints.kinds import kind_of

    models = (ModelSpec(name="simulated/null"), ModelSpec(name="simulated/tilted"))
    plan = stamp_plan(msgspec.structs.replace(PLAN, models=models))
    monkeypatch.setattr(
        "evenhand.cluster.asking.kind_of",
        lambda spec: msgspec.structs.replace(kind_of(spec), gpu=spec.name.endswith("tilted")),
    )
    crews: list[ThreadCrew] = []
    done = audit(plan, tmp_path / "run", asking=asking(tmp_path, gpus=1, crews=crews))
    assert done.asked.asked == 2 * CELLS
    (crew,) = crews
    met = {(crew.kinds[worker], task.part.model) for worker, task in crew.given}
    assert met == {("cpu", "simulated/null"), ("gpu", "simulated/tilted")}


def test_what_cannot_be_shared_out_is_refused() -> None:
    looks = msgspec.structs.replace(PLAN, analysis=msgspec.structs.replace(PLAN.analysis, looks=3))
    with pytest.raises(UsageError, match="3 looks"):
        check_plan(looks, Limits())
    unpriced = small_plan(model="openai/my-own")
    with pytest.raises(UsageError, match="The price of 'openai/my-own' is not known"):
        check_plan(unpriced, Limits(max_cost=1.0))
    check_plan(PLAN, Limits(max_cost=1.0))


def test_progress_counts_up_to_the_whole_and_says_why_it_ended(tmp_path: Path) -> None:
    seen: list[Progress] = []
    audit(PLAN, tmp_path / "run", asking=asking(tmp_path), listener=seen.append)
    assert max(progress.done for progress in seen) == seen[-1].done == CELLS
    assert [progress.ended for progress in seen if progress.ended is not None] == ["done"]
    assert seen[-1].ended == "done"


def test_what_was_decided_of_facts_comes_into_the_run_and_is_not_asked_again(tmp_path: Path) -> None:
    with deciding_server() as (server, url):
        plan = deciding_plan(url)
        stopped = audit(plan, tmp_path / "run", limits=Limits(max_calls=80), asking=asking(tmp_path, workers=1))
        assert stopped.asked.stopped == "max_calls"
        with open_trials(stopped.path / "trials.sqlite") as trials:
            assert len(list(trials.decisions())) == server.asked["decider"].total() > 20
        whole = audit(plan, tmp_path / "run", asking=asking(tmp_path, workers=1, part=None))
        assert whole.asked.stopped == "done"
        assert set(server.asked["decider"].values()) == {1}
        again = audit(plan, tmp_path / "other" / "run", asking=asking(tmp_path, workers=1, part=None))
    assert whole.findings.run is not None
    assert again.findings.run is not None
    for run in (whole, again):
        with open_trials(run.path / "trials.sqlite") as trials:
            assert len(list(trials.decisions())) == server.asked["decider"].total()
    assert again.findings.run.decisions == whole.findings.run.decisions
    assert sum(one.asked for one in whole.findings.run.decisions) == server.asked["decider"].total()
