"""The shipped files in other programs: transformers and llama.cpp give the same choices as our own forward pass."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank
from evenhand.endpoints.specimen.chat import CHAT_TEMPLATE, message_text
from evenhand.endpoints.specimen.endpoint import SpecimenEndpoint
from evenhand.endpoints.specimen.names import specimen_folder
from evenhand.endpoints.specimen.store import load_tokens
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.message import Message, ModelSettings, Request
from evenhand.records.profile import Arm

LETTERS = "ABCDE"
CELLS = 500
TIE = 0.05
"""Two options closer than this in log-probability count as tied (llama.cpp computes in half precision)."""


def random_cells(count: int) -> list[Request]:
    """Items of the bank behind profiles of both cohorts, in random order of options."""
    rng = np.random.default_rng(20)
    profiles = [profile for name in ("explicit", "intersectional") for profile in load_cohort(name).profiles]
    items = load_bank("situations").items
    sources = MemorySources(templates=load_templates())
    found = []
    for index in range(count):
        profile, item = profiles[rng.integers(len(profiles))], items[rng.integers(len(items))]
        arm = Arm(id=profile.id, kind="profile", facts=profile.facts)
        memory = remember(arm, placement="system", reader="none", query="", sources=sources).messages
        shown = [item.options[i].text for i in rng.permutation(5)]
        lines = "\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS, shown, strict=True))
        text = f"{item.stem}\n\n{item.question}\n\n{lines}\n\nAnswer with the letter of the best option only."
        found.append(
            Request(
                cell_key=str(index),
                messages=(*memory, Message(role="user", content=text)),
                settings=ModelSettings(max_tokens=4, logprobs=True, top_logprobs=20),
                letters=tuple(LETTERS),
                seed=index,
            )
        )
    return found


async def ours(name: str, requests: list[Request]) -> list[dict[str, float]]:
    """Log-probabilities of the first token, by its text."""
    endpoint = SpecimenEndpoint(name)
    replies = await asyncio.gather(*(endpoint.reply(request) for request in requests))
    await endpoint.aclose()
    return [{c.token: c.logprob for c in reply.top or ()} for reply in replies]


def disagreements(mine: list[dict[str, float]], theirs: list[dict[str, float]]) -> int:
    """Choices that differ although neither side is at a tie."""
    count = 0
    for a, b in zip(mine, theirs, strict=True):
        chosen, other = max(a, key=a.__getitem__), max(b, key=b.__getitem__)
        count += chosen != other and a[chosen] - a.get(other, -np.inf) > TIE
    return count


@pytest.mark.extras
@pytest.mark.parametrize("name", ["level", "tilted"])
async def test_transformers_gives_the_same_choices_on_500_random_cells(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = specimen_folder()
    for file in (folder / "tokenizer.json", folder / "tokenizer_config.json", *(folder / name).iterdir()):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    requests = random_cells(CELLS)
    theirs, largest = [], 0.0
    mine = await ours(name, requests)
    tokens = load_tokens()
    with torch.no_grad():
        for request, known in zip(requests, mine, strict=True):
            turns = [{"role": m.role, "content": message_text(m)} for m in request.messages]
            text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            prefix, suffix = tokens.split(request.messages)
            assert ids == [*prefix, *suffix]
            logprobs = torch.log_softmax(model(torch.tensor([ids])).logits[0, -1], -1)
            values = {letter: float(logprobs[tokenizer.convert_tokens_to_ids(letter)]) for letter in LETTERS}
            largest = max(largest, *(abs(values[letter] - known[letter]) for letter in LETTERS if letter in known))
            theirs.append(values)
    assert disagreements(mine, theirs) == 0
    assert largest < 2e-4  # options of vanishing probability included


@pytest.mark.slow
@pytest.mark.parametrize("name", ["level", "tilted"])
async def test_llama_cpp_gives_the_same_choices_on_500_random_cells(name: str, tmp_path: Path) -> None:
    xllamacpp = pytest.importorskip("xllamacpp")
    target = tmp_path / "specimen.gguf"
    root = Path(__file__).parents[4]
    subprocess.run([sys.executable, "-m", "specimens.to_gguf", name, str(target)], cwd=root, check=True)
    settings = xllamacpp.CommonParams()
    settings.model.path = str(target)
    settings.n_ctx, settings.n_parallel, settings.use_jinja = 2048, 1, True
    settings.cpuparams.n_threads = 1
    settings.chat_template = CHAT_TEMPLATE
    server = xllamacpp.Server(settings)
    requests = random_cells(CELLS)
    theirs = []
    for request in requests:
        turns = [{"role": message.role, "content": message.content} for message in request.messages]
        body = {"messages": turns, "max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": 10}
        (choice,) = server.handle_chat_completions(body)["choices"]
        theirs.append({e["token"]: e["logprob"] for e in choice["logprobs"]["content"][0]["top_logprobs"]})
    assert disagreements(await ours(name, requests), theirs) == 0


def test_a_gguf_file_holds_every_tensor_where_it_says(tmp_path: Path) -> None:
    target = tmp_path / "level.gguf"
    root = Path(__file__).parents[4]
    subprocess.run([sys.executable, "-m", "specimens.to_gguf", "level", str(target)], cwd=root, check=True)
    data = target.read_bytes()
    assert data[:4] == b"GGUF"
    version, tensors = np.frombuffer(data[4:16], dtype="<u4")[0], np.frombuffer(data[8:16], dtype="<u8")[0]
    config = json.loads((specimen_folder() / "level" / "config.json").read_text(encoding="utf-8"))
    assert version == 3
    assert tensors == 2 + 9 * config["num_hidden_layers"]
    embedding = 2 * config["vocab_size"] * config["hidden_size"]
    assert embedding < len(data) < (specimen_folder() / "level" / "model.safetensors").stat().st_size + 200_000
