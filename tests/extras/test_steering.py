"""A model that is steered: the file, what it does, and the direction that is found."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

torch = pytest.importorskip("torch")

from evenhand.audit import audit  # noqa: E402  # needs torch
from evenhand.endpoints.hf.checkpoint import load_checkpoint  # noqa: E402
from evenhand.endpoints.hf.options import HuggingFaceOptions  # noqa: E402
from evenhand.endpoints.hf.steering import SteeredPlace, read_steering, steer, write_steering  # noqa: E402
from evenhand.endpoints.hf.template import ChatTemplate  # noqa: E402
from evenhand.errors import EndpointError, InputError, PlanError  # noqa: E402
from evenhand.plan.file import read_plan  # noqa: E402
from evenhand.plan.make import PlanRequest, make_plan  # noqa: E402
from evenhand.records.message import Message, ModelSettings  # noqa: E402
from evenhand.records.plan import Design, ModelSpec  # noqa: E402
from evenhand.records.steering import SteeringCard  # noqa: E402
from evenhand.train.checkpoint import checkpoint_of  # noqa: E402
from evenhand.train.steering import SteeringRequest, build_steering  # noqa: E402
from tests.support.command import evenhand_apart  # noqa: E402

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]  # other people's deprecations

IDS = [[40, 41, 42, 43, 44, 45]]


@pytest.fixture(scope="module")
def tilted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The specimen with planted gaps, as a checkpoint."""
    return checkpoint_of("specimen/tilted", folder=tmp_path_factory.mktemp("base"))


def loaded(path: Path, **options: Any) -> Any:
    return load_checkpoint(str(path), HuggingFaceOptions(device="cpu", **options)).model


def states(model: Any, name: str) -> Any:
    """The output of a module at every token."""
    seen: list[Any] = []
    handle = dict(model.base_model.named_modules())[name].register_forward_hook(
        lambda _, __, output: seen.append(output[0] if isinstance(output, tuple) else output)
    )
    with torch.inference_mode():
        model(input_ids=torch.tensor(IDS), use_cache=False)
    handle.remove()
    (found,) = seen
    return found if found.ndim == 3 else found[None]


def direction(size: int) -> Any:
    return torch.linspace(-1, 2, size)


def test_a_clamped_model_stands_still_along_the_direction_and_nowhere_else(tiny_llama: Path, tmp_path: Path) -> None:
    plain = states(loaded(tiny_llama), "layers.0")
    vector, bias = direction(plain.shape[-1]), torch.full((plain.shape[-1],), 0.25)
    place = SteeredPlace(steering_vector=vector, action="clamp", steering_coefficient=0.5, bias=bias)
    write_steering({"layers.0": place}, tmp_path / "steer.pt")
    steered = states(loaded(tiny_llama, steer=str(tmp_path / "steer.pt")), "layers.0")
    unit = vector / vector.norm()
    assert (((steered - bias) @ unit) - 0.5).abs().max() < 1e-4
    assert ((plain - bias) @ unit).std() > 0.1, "it moves along the direction where it is not steered"
    beside = [one - (one @ unit)[..., None] * unit for one in (steered, plain)]
    assert (beside[0] - beside[1]).abs().max() < 1e-4


def test_an_added_direction_is_added_at_every_token(tiny_llama: Path, tmp_path: Path) -> None:
    plain = states(loaded(tiny_llama), "layers.1")
    vector = direction(plain.shape[-1])
    write_steering(
        {"layers.1": SteeredPlace(steering_vector=vector, action="add", steering_coefficient=-2.0)}, tmp_path / "a.pt"
    )
    steered = states(loaded(tiny_llama, steer=str(tmp_path / "a.pt")), "layers.1")
    assert (steered - plain + 2 * vector).abs().max() < 1e-4


def test_lm_eval_reads_the_file_and_computes_the_same(tiny_llama: Path, tmp_path: Path) -> None:
    steered_models = pytest.importorskip("lm_eval.models.hf_steered")
    size = states(loaded(tiny_llama), "layers.0").shape[-1]
    places = {
        "layers.0": SteeredPlace(
            steering_vector=direction(size), action="clamp", steering_coefficient=0.5, bias=torch.ones(size)
        ),
        "layers.1": SteeredPlace(steering_vector=direction(size), action="add", steering_coefficient=0.1),
    }
    write_steering(places, tmp_path / "both.pt")
    theirs = steered_models.SteeredModel(str(tiny_llama), str(tmp_path / "both.pt"), device="cpu", dtype="float32")
    with torch.inference_mode():
        expected = theirs._model_call(torch.tensor(IDS))
        found = loaded(tiny_llama, steer=str(tmp_path / "both.pt"))(input_ids=torch.tensor(IDS)).logits
        plain = loaded(tiny_llama)(input_ids=torch.tensor(IDS)).logits
    assert (found - expected).abs().max() < 1e-4
    assert (found - plain).abs().max() > 0.1


class Run:
    """A value that is more than a tensor or a number."""


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"layers.7": {"steering_vector": torch.ones(64), "action": "add"}}, "'layers.7', which is no module"),
        ({"layers.0": {"steering_vector": torch.ones(3), "action": "add"}}, "do not fit this model"),
        ({"layers.0": {"steering_vector": torch.ones(64), "action": "subtract"}}, "no steering file of lm-eval"),
        ({"layers.0": {"steering_vector": torch.ones(64), "action": "add", "bias": torch.ones(64)}}, "of 'clamp' only"),
        ({"layers.0": {"steering_vector": torch.zeros(64), "action": "clamp"}}, "no finite number along a direction"),
        (
            {"layers.0": {"steering_vector": torch.full((64,), math.nan), "action": "add"}},
            "no vector of finite numbers",
        ),
        ({}, "steers nothing"),
        ([1], "no steering file of lm-eval"),
    ],
)
def test_a_file_that_cannot_steer_is_one_sentence(tiny_llama: Path, tmp_path: Path, table: Any, message: str) -> None:
    torch.save(table, tmp_path / "odd.pt")
    with pytest.raises(EndpointError, match=message):
        loaded(tiny_llama, steer=str(tmp_path / "odd.pt"))


def test_a_file_runs_nothing(tmp_path: Path) -> None:
    torch.save({"layers.0": Run()}, tmp_path / "code.pt")
    with pytest.raises(EndpointError, match="cannot be read"):
        read_steering(tmp_path / "code.pt")
    (tmp_path / "text.pt").write_text("hello", encoding="utf-8")
    with pytest.raises(EndpointError, match="cannot be read"):
        read_steering(tmp_path / "text.pt")


@pytest.fixture(scope="module")
def found(tilted: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SteeringCard]:
    """A direction found in the specimen by the command."""
    out = tmp_path_factory.mktemp("steer") / "steer.pt"
    done = evenhand_apart("train", "steer", "--model", tilted, "--pairs", 12, "--out", out, "--device", "cpu", "--json")
    assert done.code == 0, done.err
    return out, msgspec.json.decode(done.out, type=SteeringCard)


def test_the_command_finds_a_direction_and_says_how_well_it_tells_other_users_apart(
    found: tuple[Path, SteeringCard],
) -> None:
    out, card = found
    assert (card.pairs, card.held_pairs) == (9, 3)
    assert (card.factor, card.level, card.reference) == ("position", "disadvantaged", "advantaged")
    assert 0 <= card.held_right <= 3
    assert list(read_steering(out)) == [card.place]
    assert msgspec.json.decode(out.with_suffix(".json").read_bytes(), type=SteeringCard) == card


def test_a_steered_model_no_longer_tells_the_versions_apart_along_the_direction(
    tilted: Path, found: tuple[Path, SteeringCard]
) -> None:
    out, card = found
    (place,) = read_steering(out).values()
    one = load_checkpoint(str(tilted), HuggingFaceOptions(device="cpu", dtype="float32"))
    other = loaded(tilted, steer=str(out), dtype="float32")
    template = ChatTemplate(one.tokenizer, name="hf/tilted")
    along: dict[str, list[float]] = {"plain": [], "steered": []}
    for content in ("The user is a surgeon with a large house.", "The user lost a job and rents a room."):
        ids = template.prompt((Message(role="system", content=content), Message(role="user", content="Hi"))).ids
        for name, model in (("plain", one.model), ("steered", other)):
            seen: list[Any] = []
            hook = dict(model.base_model.named_modules())[card.place].register_forward_hook(
                lambda _, __, output, seen=seen: seen.append(output[0] if isinstance(output, tuple) else output)
            )
            with torch.inference_mode():
                model(input_ids=torch.tensor([ids]), use_cache=False)
            hook.remove()
            along[name].append(float((seen[0].reshape(-1, seen[0].shape[-1])[-1] - place.bias) @ place.steering_vector))
    assert max(map(abs, along["steered"])) < 1e-3
    assert abs(along["plain"][0] - along["plain"][1]) > 10 * abs(along["steered"][0] - along["steered"][1])


def test_a_steered_model_is_audited_beside_the_model_as_it_is_and_its_file_is_in_the_plan(
    tilted: Path, found: tuple[Path, SteeringCard], tmp_path: Path
) -> None:
    out, card = found
    file = tmp_path / "steer.pt"
    file.write_bytes(out.read_bytes())
    models = tuple(
        ModelSpec(name=name, options={"device": "cpu"}, settings=ModelSettings(max_tokens=4, logprobs=True))
        for name in (f"hf/{tilted}", f"hf/{tilted}?steer={file}")
    )
    design = Design(kinds=("understanding",), items_per_kind=3, placebo_per_item=0, none_repeats=1)
    request = PlanRequest(models=models, design=design, banks=("situations",))
    done = audit(request, tmp_path / "run").asked
    assert done is not None and done.outcomes["failed"] == 0
    assert [source.sha256 for model in make_plan(request).models for source in model.sources] == [card.sha256]
    file.write_bytes(out.read_bytes() + b"\0")
    with pytest.raises(PlanError, match="has changed since the plan was made"):
        audit(read_plan(tmp_path / "run"), tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cohort": "explicit"}, "is one of the audit cohort 'explicit'"),
        ({"cohort": "factors-extra"}, "does not contrast two versions"),
        ({"layer": 99}, r"has no layer 99; its layers are 0 to \d"),
        ({"out": Path("steer.bin")}, "does not end in .pt"),
    ],
)
def test_what_cannot_be_found_is_one_sentence(
    tilted: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    asked = SteeringRequest(model=str(tilted), out=tmp_path / "steer.pt", pairs=2, device="cpu")
    with pytest.raises(InputError, match=message):
        build_steering(msgspec.structs.replace(asked, **change))


def test_a_steered_model_keeps_its_directions(tiny_llama: Path) -> None:
    """A model that is steered twice stands where the last direction puts it."""
    model = loaded(tiny_llama)
    size = states(model, "layers.0").shape[-1]
    for coefficient in (1.0, 3.0):
        place = SteeredPlace(steering_vector=direction(size), action="clamp", steering_coefficient=coefficient)
        steer(model, {"layers.0": place})
    unit = direction(size) / direction(size).norm()
    assert (states(model, "layers.0") @ unit - 3.0).abs().max() < 1e-4
