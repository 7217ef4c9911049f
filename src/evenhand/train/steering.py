"""A direction between the two versions of the same users, for a model to be steered by; needs the extra `hf`.

Both versions of a user are put before the same question, and the model's states at the end of the prompt are compared:
the mean difference over users is the direction, and the middle between the versions is where it is counted from. A
steered model is held at the middle, so that its states do not tell one version from the other along the direction.
Users and questions are never those of an audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from evenhand.bank.cohorts import cohort_sha256, load_cohort
from evenhand.bank.questions import GENERAL_QUESTIONS, load_questions
from evenhand.design.arms import cohort_arms
from evenhand.errors import InputError, MissingExtraError, StoreError
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.message import Message
from evenhand.records.profile import Arm, Cohort
from evenhand.records.steering import SteeringCard
from evenhand.seeds import stream
from evenhand.store.json_file import write_json
from evenhand.train.checkpoint import checkpoint_of
from evenhand.train.leakage import audit_banks, refuse_leaks

__all__ = ["STEERING_COHORT", "SteeringRequest", "build_steering"]

STEERING_COHORT = "doses-medium"
"""Whose versions are contrasted; its facts are in no audit."""


class SteeringRequest(Struct, frozen=True, kw_only=True):
    """What a direction is made from."""

    model: str
    """`specimen/NAME`, `hf/PATH` or PATH."""
    out: Path
    """The steering file; its card lies beside it, with the ending `.json`."""
    cohort: str = STEERING_COHORT
    """Shipped cohort or file; every matched set has two versions."""
    questions: str = GENERAL_QUESTIONS
    """Shipped set or file of questions."""
    pairs: int = 32
    """Matched sets that take part, at most."""
    held: float = 0.25
    """Share of them that the direction is only tried on."""
    layer: int | None = None
    """Layer whose output is steered, from 0; None: the one in the middle."""
    device: str | None = None
    """Where it is computed; None: an accelerator where there is one."""
    seed: int = 0
    """Root seed of the choice of pairs and questions."""


class _Contrast(Struct, frozen=True):
    """Two conversations that differ in one version of one user."""

    first: tuple[Message, ...]
    second: tuple[Message, ...]


def build_steering(request: SteeringRequest) -> SteeringCard:
    """Make a direction and write it as a file that lm-eval's steered models read too.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        InputError: There is no such checkpoint or layer, the cohort has no pairs, or something is an audit's.
        StoreError: The file cannot be written.
    """
    if request.out.suffix not in (".pt", ".pth"):
        raise InputError(f"{str(request.out)!r} does not end in .pt, by which lm-eval knows its steering files")
    cohort = load_cohort(request.cohort)
    factor, level, reference = _sides(cohort)
    contrasts = _contrasts(request, cohort, factor, level)
    held = max(1, round(request.held * len(contrasts)))
    folder = checkpoint_of(request.model, folder=request.out.parent / f"{request.out.stem}-base")
    states, place = _states(folder, contrasts, request)
    made, tried = states[held:], states[:held]
    direction = (made[:, 0] - made[:, 1]).mean(axis=0)
    unit = direction / np.linalg.norm(direction)
    distances = (tried[:, 0] - tried[:, 1]) @ unit
    card = SteeringCard(
        evenhand=version("evenhand"),
        base=request.model,
        place=place,
        cohort=cohort.name,
        cohort_sha256=cohort_sha256(cohort),
        factor=factor,
        level=level,
        reference=reference,
        questions=request.questions,
        pairs=len(made),
        held_pairs=held,
        held_right=int((distances > 0).sum()),
        held_distance=float(distances.mean() / np.linalg.norm(direction)),
        seed=request.seed,
        sha256="",
    )
    return _written(card, unit, made.mean(axis=(0, 1)), request.out)


def _sides(cohort: Cohort) -> tuple[str, str, str]:
    """The factor whose two levels are contrasted, the level, and its reference."""
    if len(cohort.factors) == 1 and len(cohort.factors[0].levels) == 2:
        (factor,) = cohort.factors
        (level,) = (one.id for one in factor.levels if one.id != factor.reference)
        return factor.id, level, factor.reference
    raise InputError(
        f"the cohort {cohort.name!r} does not contrast two versions of its users (one factor of two levels); "
        f"{STEERING_COHORT!r} does"
    )


def _contrasts(request: SteeringRequest, cohort: Cohort, factor: str, level: str) -> list[_Contrast]:
    """Pairs of conversations: the same user in two versions, before the same question."""
    asked = load_questions(request.questions)
    arms = cohort_arms(cohort, matched_sets=None, seed=request.seed)
    refuse_leaks(
        {question.id: question.text for question in asked.questions},
        {fact.text for arm in arms for fact in arm.facts},
        banks=audit_banks(request.model),
        source=f"the cohort {cohort.name!r} with the question set {asked.name!r}",
    )
    sets: dict[str, dict[str, Arm]] = {}
    for arm in arms:
        sets.setdefault(arm.matched_set or "", {})[arm.levels[factor]] = arm
    pairs = [versions for versions in sets.values() if len(versions) == 2]
    if min(len(pairs), request.pairs) < 2:
        raise InputError(f"{min(len(pairs), request.pairs)} pairs are too few for a direction; two is the least")
    rng = stream(request.seed, "steer", "pairs", cohort.name)
    sources = MemorySources(templates=load_templates())
    found = []
    for at in rng.permutation(len(pairs))[: request.pairs]:
        question = asked.questions[int(rng.integers(len(asked.questions)))].text
        versions = sorted(pairs[at].items(), key=lambda one: one[0] != level)
        found.append(_Contrast(*(_conversation(arm, question, sources) for _, arm in versions)))
    return found


def _conversation(arm: Arm, question: str, sources: MemorySources) -> tuple[Message, ...]:
    seen = remember(arm, placement="system", reader="none", query="", sources=sources).messages
    return (*seen, Message(role="user", content=question))


def _states(folder: Path, contrasts: Sequence[_Contrast], request: SteeringRequest) -> tuple[NDArray[np.float64], str]:
    """The output of a layer at the end of every prompt, [pairs, two versions, features], and the layer's name."""
    try:
        import torch

        from evenhand.endpoints.hf.checkpoint import load_checkpoint
        from evenhand.endpoints.hf.options import HuggingFaceOptions
        from evenhand.endpoints.hf.template import ChatTemplate
    except ImportError as error:
        raise MissingExtraError(
            "steering needs the extra 'hf'; install it with: pip install 'evenhand[hf]'."
        ) from error
    loaded = load_checkpoint(str(folder.absolute()), HuggingFaceOptions(device=request.device))
    template = ChatTemplate(loaded.tokenizer, name=request.model)
    place, module = _layer(loaded.model, request)
    seen: list[Any] = []
    handle = module.register_forward_hook(
        lambda _, __, output: seen.append((output[0] if isinstance(output, tuple) else output)[0, -1].double().cpu())
    )
    with torch.inference_mode():
        for contrast in contrasts:
            for messages in (contrast.first, contrast.second):
                ids = template.prompt(messages).ids
                loaded.model(input_ids=torch.tensor([ids], device=loaded.device), use_cache=False)
    handle.remove()
    return torch.stack(seen).numpy().reshape(len(contrasts), 2, -1), place


def _layer(model: Any, request: SteeringRequest) -> tuple[str, Any]:
    """The name and the module of the layer that is steered.

    Raises:
        InputError: The model has no such layer.
    """
    count = model.config.get_text_config(decoder=True).num_hidden_layers
    layer = count // 2 if request.layer is None else request.layer
    if layer >= count:
        raise InputError(f"{request.model!r} has no layer {layer}; its layers are 0 to {count - 1}")
    modules = dict(model.base_model.named_modules())
    stacks = [name for name, module in modules.items() if hasattr(module, "__len__") and len(module) == count]
    if not stacks:
        raise InputError(f"the layers of {request.model!r} are not found in one list, so that none can be steered")
    place = f"{stacks[0]}.{layer}"
    return place, modules[place]


def _written(card: SteeringCard, unit: NDArray[np.float64], middle: NDArray[np.float64], out: Path) -> SteeringCard:
    """The file and its card."""
    import torch

    from evenhand.endpoints.hf.steering import SteeredPlace, write_steering

    steered = SteeredPlace(
        steering_vector=torch.from_numpy(unit).float(),
        action="clamp",
        steering_coefficient=0.0,
        bias=torch.from_numpy(middle).float(),
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        sha256 = write_steering({card.place: steered}, out)
    except (OSError, RuntimeError) as error:
        raise StoreError(f"cannot write {str(out)!r} ({error}); choose another --out") from error
    done = replace(card, sha256=sha256)
    write_json(done, out.with_suffix(".json"))
    return done
