from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from evenhand.audit import audit
from evenhand.endpoints.base import AskError
from evenhand.endpoints.openai.embeddings import Embedder
from evenhand.errors import MissingExtraError, PlanError, UsageError
from evenhand.memory.stores.named import frozen_store, read_store
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.placements import check_sources
from evenhand.plan.preview import preview, product_lines
from evenhand.records.plan import Design, ModelSpec, Plan
from evenhand.records.store_spec import StoreSpec
from evenhand.store.reading import open_trials
from tests.support.model_server import DIMS, model_server
from tests.support.product_plan import product_name
from tests.support.small_plan import NOW

FILE = '''
"""A store of another package: texts in a dict, found by shared words."""
from evenhand.memory.stores.store import StoreAdapter

VERSION = ["1"]

class Dict:
    held = {}
    async def write(self, user):
        turns = [turn.content for turn in user.turns if turn.role == "user"]
        self.held.setdefault(user.id, []).extend(turns or user.facts)
    async def find(self, user, query):
        words = set(query.lower().split())
        return tuple(sorted(self.held.get(user, []), key=lambda text: -len(words & set(text.lower().split())))[:3])
    async def everything(self, user):
        return tuple(self.held.get(user, []))
    async def clear(self, user):
        self.held.pop(user, None)
    async def aclose(self):
        return None

def check(options):
    from evenhand.memory.stores.store import checked_options
    checked_options(options, store="dict", needed=(), known={"loud": "no"})

DICT = StoreAdapter(name="dict", open=lambda options: Dict(), check=check, about=lambda options: {"dict": VERSION[0]},
                    write_tokens=10)
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    about = site / "dict_store_of_a_test-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "dict_store_of_a_test.py").write_text(FILE, encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: dict-store-of-a-test\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text("[evenhand.stores]\ndict = dict_store_of_a_test:DICT\n", "utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "dict_store_of_a_test", raising=False)


def planned(url: str, *, store: StoreSpec, **fields: object) -> Plan:
    design = Design(kinds=("understanding",), items_per_kind=2, placements=("stored", "told"))
    spec = ModelSpec(name="vllm/m", base_url=url, store=store)
    return make_plan(PlanRequest(models=(spec,), design=design, **fields), now=NOW)  # type: ignore[arg-type]


@pytest.mark.usefixtures("installed")
def test_a_store_of_another_package_stands_between_a_model_and_its_users(tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text("You are Pia.\n\n{{ memory }}", encoding="utf-8")
    with model_server() as server:
        plan = planned(server.url, store=read_store("dict"), system_prompt=str(tmp_path / "prompt.txt"))
        run = audit(plan, tmp_path / "run")
    import dict_store_of_a_test  # type: ignore[import-not-found]  # written by the fixture

    assert run.asked.outcomes["answered"] == run.asked.asked > 0
    assert dict_store_of_a_test.Dict.held == {}
    assert plan.models[0].store == StoreSpec(name="dict", about={"dict": "1"})
    with open_trials(tmp_path / "run" / "trials.sqlite") as trials:
        for row in trials.rows():
            system, question = trials.messages(row)
            memories = row.trial.reply.memories if row.trial.reply is not None else None
            assert (system.role, question.role) == ("system", "user") and system.content.startswith("You are Pia.")
            assert memories is not None and bool(memories) == (row.cell.arm != "none")
            assert all(text in system.content for text in memories)
    assert {"stage_gap", "stage_rate"} <= {one.measure for one in run.findings.findings}
    (seen,) = preview(plan, concurrency=1).products
    assert seen.written_tokens == 10 * seen.facts and "tokens of prompts" in product_lines([seen])[1]
    dict_store_of_a_test.VERSION[0] = "2"
    with pytest.raises(PlanError, match="'dict' of the store 'dict' is '2' here, and the plan was made with '1'"):
        check_sources(plan)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dicts", "there is no store 'dicts' \\(did you mean 'dict'"),
        ("dict?lout=yes", "no option 'lout' \\(did you mean 'loud'"),
        ("langgraph?dims=3", "needs the option 'embedder'"),
        ("langgraph?embedder=e&dims=many", "dims of the store 'langgraph' is 'many'"),
        ("mem0?embedder=e&dims=3", "needs the option 'llm'"),
        ("mem0?llm=l&embedder=e&dims=3&threshold=2", "threshold of the store 'mem0' is '2'"),
        ("mem0?llm=l&embedder=e&dims=3&top=2", "no option 'top'"),
    ],
)
def test_a_store_that_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_store(text)


def test_a_store_beside_a_product_with_its_own_memory_is_refused() -> None:
    spec = ModelSpec(name=product_name("Sound"), store=StoreSpec(name="nothing"))
    with pytest.raises(UsageError, match="there is no store 'nothing'"):
        make_plan(PlanRequest(models=(spec,)), now=NOW)


@pytest.mark.parametrize("name", ["mem0", "langgraph"])
def test_an_extra_that_is_not_installed_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import PackageNotFoundError

    def absent(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(f"evenhand.memory.stores.{name}.version", absent)
    options = {"llm": "l", "embedder": "e", "dims": "3"} if name == "mem0" else {"embedder": "e", "dims": "3"}
    with pytest.raises(MissingExtraError, match=r"evenhand\[stores\]"):
        frozen_store(StoreSpec(name=name, options=options))


def test_embeddings_come_in_order_and_are_asked_for_again_where_a_server_fails() -> None:
    async def embedded(url: str, texts: list[str]) -> list[list[float]]:
        embedder = Embedder("e", base_url=url, key_env=None)
        try:
            return await embedder.embed(texts)
        finally:
            await embedder.aclose()

    with model_server() as server:
        server.failing = [503]
        found = asyncio.run(embedded(server.url, ["bees", "flats", "bees"]))
        assert found[0] == found[2] != found[1] and {len(one) for one in found} == {DIMS}
        assert len(server.asked) == 2
        server.failing = [400]
        with pytest.raises(AskError, match="HTTP 400"):
            asyncio.run(embedded(server.url, ["bees"]))
