"""The specimens' network in torch: a small Llama that reads one memory and several questions about it at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Batch", "Network", "Shape", "States"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of the network."""

    vocabulary: int = 2048
    width: int = 128
    layers: int = 4
    heads: int = 8
    hidden: int = 352
    theta: float = 10000.0
    eps: float = 1e-5


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Memories and the questions asked behind them."""

    memory: Tensor
    """Token ids, memories x length, padded on the right."""
    memory_length: Tensor
    questions: Tensor
    """Token ids, questions x length, padded on the right."""
    owner: Tensor
    """Which memory each question stands behind."""


@dataclass(frozen=True, kw_only=True)
class States:
    """Hidden states of the questions after the last three layers, and what was read of the memories."""

    word: Tensor
    """Questions x length x width, two layers before the end: the question mark knows the emotion."""
    option: Tensor
    """One layer before the end: the options know which of them is the answer."""
    last: Tensor
    traits: list[Tensor]
    """Memories x traits, after the first and the second layer."""


class _Norm(nn.Module):  # type: ignore[misc]
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x.float(), (x.shape[-1],), self.weight, self.eps)


class _Layer(nn.Module):  # type: ignore[misc]
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.input_layernorm = _Norm(width, shape.eps)
        self.post_attention_layernorm = _Norm(width, shape.eps)
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.gate_proj, self.up_proj = (nn.Linear(width, shape.hidden, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(shape.hidden, width, bias=False)

    def project(self, x: Tensor, rotation: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each sequences x heads x length x head width; the first two rotated."""
        h = self.input_layernorm(x)
        q, k, v = (
            f(h).view(*x.shape[:2], self.heads, -1).transpose(1, 2) for f in (self.q_proj, self.k_proj, self.v_proj)
        )
        return _rotate(q, rotation), _rotate(k, rotation), v

    def finish(self, x: Tensor, mixed: Tensor) -> Tensor:
        """Residual, projection and feed-forward."""
        x = x + self.o_proj(mixed.transpose(1, 2).reshape(x.shape))
        h = self.post_attention_layernorm(x)
        out: Tensor = x + self.down_proj(functional.silu(self.gate_proj(h)) * self.up_proj(h))
        return out


class Network(nn.Module):  # type: ignore[misc]
    """A Llama with tied embeddings.

    Args:
        shape: Sizes.
        traits: How many traits are read at the end of a memory, after the first layer and again after the second.

    The depth is planned: traits of the memory after the first layer, the emotion at the question mark after the
    second, the option that names it after the third, its letter after the fourth. Training heads read what each
    layer should know; they are not saved.
    """

    def __init__(self, shape: Shape, *, traits: int = 12) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.layers))
        self.norm = _Norm(shape.width, shape.eps)
        self.early_trait_head, self.trait_head = (nn.Linear(shape.width, traits) for _ in range(2))
        self.option_head = nn.Linear(shape.width, 6)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                scale = 0.02 if "embed" in name else shape.width**-0.5
                residual = (2 * shape.layers) ** -0.5 if ("o_proj" in name or "down_proj" in name) else 1.0
                nn.init.normal_(parameter, std=scale * residual)

    def forward(self, batch: Batch) -> States:
        """What the losses need; the batch lies where the weights do."""
        device = batch.memory.device
        memories, questions = self.embed_tokens(batch.memory), self.embed_tokens(batch.questions)
        rows = torch.arange(batch.memory.shape[1], device=device)
        columns = torch.arange(batch.questions.shape[1], device=device)
        lengths = batch.memory_length[batch.owner]
        memory_turn = _angles(rows[None, :], self.shape)
        question_turn = _angles(lengths[:, None] + columns[None, :], self.shape)
        seen = (rows[None, :] < lengths[:, None])[:, None, None, :].expand(-1, 1, len(columns), -1)
        causal = (columns[None, :] <= columns[:, None])[None, None].expand(len(lengths), 1, -1, -1)
        mask = _penalty(torch.cat([seen, causal], dim=-1))
        own = _penalty((rows[None, :] <= rows[:, None])[None, None])
        traits: list[Tensor] = []
        states: list[Tensor] = []
        last = len(self.layers) - 1
        for index, layer in enumerate(self.layers):
            q, k, v = layer.project(memories, memory_turn)
            p, r, s = layer.project(questions, question_turn)
            keys, values = torch.cat([k[batch.owner], r], dim=2), torch.cat([v[batch.owner], s], dim=2)
            mixed = _attend(p, keys, values, mask)
            questions = layer.finish(questions, mixed)
            if index < last:
                memories = layer.finish(memories, _attend(q, k, v, own))
            if index in (0, 1):
                ends = memories[torch.arange(len(memories), device=device), batch.memory_length - 1]
                traits.append((self.early_trait_head, self.trait_head)[index](ends))
            states.append(questions)
        return States(word=states[-3], option=states[-2], last=states[-1], traits=traits)

    def logits(self, hidden: Tensor) -> Tensor:
        """Next-token logits for hidden states of any shape x width."""
        return functional.linear(self.norm(hidden), self.embed_tokens.weight)


def _penalty(allowed: Tensor) -> Tensor:
    return torch.zeros(allowed.shape, device=allowed.device).masked_fill_(~allowed, -1e30)


def _attend(q: Tensor, k: Tensor, v: Tensor, penalty: Tensor) -> Tensor:
    """Plain attention: on CPU its backward pass is several times faster than the fused one in bfloat16."""
    scores = (q @ k.transpose(-1, -2)).float() * q.shape[-1] ** -0.5 + penalty
    return scores.softmax(-1).to(v.dtype) @ v


def _angles(positions: Tensor, shape: Shape) -> tuple[Tensor, Tensor]:
    half = shape.width // shape.heads // 2
    rates = shape.theta ** (-torch.arange(half, dtype=torch.float32, device=positions.device) / half)
    angles = positions[..., None].float() * rates
    angles = torch.cat([angles, angles], dim=-1)[:, None]
    return angles.cos(), angles.sin()


def _rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    cos, sin = rotation
    first, second = x.float().chunk(2, dim=-1)
    return (x * cos + torch.cat([-second, first], dim=-1) * sin).to(x.dtype)
