"""mem0 and LangGraph's store as they are, offline: extraction and embeddings come from a loopback server."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from evenhand.audit import audit
from evenhand.errors import EndpointError
from evenhand.memory.stores.named import frozen_store, open_store_named, read_store
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.preview import preview
from evenhand.records.message import Message, ProductUser
from evenhand.records.plan import Design, ModelSpec, Plan
from evenhand.records.product_memory import UserStored
from evenhand.records.profile import Placement
from evenhand.records.store_spec import StoreSpec
from evenhand.store.memory_journal import MEMORY_FILE, read_memory_events
from evenhand.store.reading import open_trials
from tests.support.model_server import DIMS, ModelServer, model_server
from tests.support.small_plan import NOW

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]  # other people's deprecations

if find_spec("mem0") is None or find_spec("langgraph") is None:
    pytest.skip("mem0 or langgraph is not installed", allow_module_level=True)

OPTIONS = {"mem0": f"llm=l&embedder=e&dims={DIMS}", "langgraph": f"embedder=e&dims={DIMS}"}
FACTS = ("The user keeps bees.", "The user rents a flat.", "The user plays the oboe.")


def spec_of(name: str, server: ModelServer, *, more: str = "") -> StoreSpec:
    return frozen_store(read_store(f"{name}?{OPTIONS[name]}&base_url={server.url}{more}"))


def user(name: str, placement: Placement = "stored", facts: tuple[str, ...] = FACTS) -> ProductUser:
    turns = (Message(role="user", content="I own a dog."), Message(role="assistant", content="Noted."))
    return ProductUser(
        id=name,
        model="m",
        arm="a",
        placement=placement,
        facts=facts,
        turns=turns if placement == "told" else (),
    )


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key and no telemetry of this machine's; what the store sets is taken back."""
    for name in ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MEM0_DIR", "")
    monkeypatch.setenv("MEM0_TELEMETRY", "True")


@pytest.mark.parametrize("name", ["mem0", "langgraph"])
async def test_a_store_keeps_users_apart_finds_what_fits_and_clears(name: str, tmp_path: Path) -> None:
    with model_server() as server:
        store = open_store_named(spec_of(name, server, more="&k=1"))
        try:
            await store.clear("evenhand-nobody")
            await store.write(user("evenhand-1"))
            await store.write(user("evenhand-2", "told"))
            assert set(await store.everything("evenhand-1")) == set(FACTS)
            assert await store.everything("evenhand-2") == ("I own a dog.",)
            assert await store.find("evenhand-1", "Where do bees live?") == (FACTS[0],)
            assert FACTS[0] not in await store.find("evenhand-2", "Where do bees live?")
            assert await store.everything("evenhand-3") == ()
            await store.clear("evenhand-1")
            assert await store.everything("evenhand-1") == ()
            assert await store.everything("evenhand-2") == ("I own a dog.",)
        finally:
            await store.aclose()
    assert list(tmp_path.iterdir()) == [], "nothing is written into the home folder"


async def test_all_memories_of_a_user_are_listed_though_mem0_itself_stops_at_twenty() -> None:
    facts = tuple(f"The user knows fact number {number} of {number * 7}." for number in range(25))
    with model_server() as server:
        store = open_store_named(spec_of("mem0", server))
        try:
            await store.write(user("evenhand-1", facts=facts))
            assert len(await store.everything("evenhand-1")) == 25
        finally:
            await store.aclose()
        prompts = [asked for asked in server.asked if "messages" in asked]
    tokens = len(prompts[0]["messages"][0]["content"]) / 4.4
    assert len(prompts) == 25 and 6_000 < tokens < 10_000, "what the plan says of a write is about right"
    assert os.environ["MEM0_TELEMETRY"] == "False"


def test_what_mem0_leaves_out_in_silence_is_recorded_and_openrouter_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with model_server() as server:
        spec = spec_of("mem0", server)
        assert len(spec.about["prompts"]) == 64 and spec.about["mem0ai"][:1].isdigit()
        assert {"keyword search", "entities"} <= set(spec.about)
        monkeypatch.setenv("OPENROUTER_API_KEY", "x")
        with pytest.raises(EndpointError, match="OPENROUTER_API_KEY"):
            open_store_named(spec)


def planned(name: str, server: ModelServer) -> Plan:
    design = Design(kinds=("understanding",), items_per_kind=2, placements=("stored",), profiles_per_item=0)
    spec = ModelSpec(name="vllm/m", base_url=server.url, store=spec_of(name, server))
    return make_plan(PlanRequest(models=(spec,), design=design), now=NOW)


@pytest.mark.parametrize("name", ["mem0", "langgraph"])
def test_a_model_with_a_store_is_audited_stage_by_stage(name: str, tmp_path: Path) -> None:
    with model_server() as server:
        plan = planned(name, server)
        run = audit(plan, tmp_path / "run")
    assert run.asked.outcomes["answered"] == run.asked.asked > 0
    assert run.findings.canaries[0].found["own"] == 6
    assert {one for step, one in run.findings.canaries[0].found.items() if step != "own"} == {0}
    written = [event for event in read_memory_events(tmp_path / "run" / MEMORY_FILE) if isinstance(event, UserStored)]
    assert all(set(event.kept or ()) == set(event.given) for event in written) and any(event.given for event in written)
    with open_trials(tmp_path / "run" / "trials.sqlite") as trials:
        shown = [row.trial.reply.memories for row in trials.rows() if row.trial.reply is not None]
    assert any(shown)
    (seen,) = preview(plan, concurrency=1).products
    assert seen.written_tokens == (8000 * seen.facts if name == "mem0" else 0)
