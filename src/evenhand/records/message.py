"""What goes to an endpoint and what comes back."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evenhand.records.language import Language
from evenhand.records.profile import Arm, Placement, Reader

__all__ = [
    "USUAL_SETTINGS",
    "FinishReason",
    "Message",
    "ModelSettings",
    "ProductUser",
    "Recall",
    "Reply",
    "Request",
    "Role",
    "SecondCall",
    "TokenProbability",
    "Usage",
]

Role = Literal["system", "user", "assistant", "tool"]

FinishReason = Literal["stop", "length", "content_filter", "other"]
"""Why the assistant stopped: done, out of tokens, blocked by the provider, anything else."""


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One turn of a chat."""

    role: Role
    """Who speaks."""
    content: str
    """What is said."""
    tool_name: str | None = None
    """For an assistant turn that calls a tool and for the tool's answer: the tool."""
    tool_call_id: str | None = None
    """Joins a tool's answer to the call it answers."""
    tool_arguments: str | None = None
    """For an assistant turn that calls a tool: its arguments as a JSON string."""


class ModelSettings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sampling settings; part of the plan. None leaves the provider's default."""

    temperature: float | None = 0.0
    """Sampling temperature."""
    max_tokens: int = 512
    """Completion limit. Reasoning models need more: 16,384 is usual."""
    top_p: float | None = None
    """Share of the probability mass that is sampled from."""
    seed: int | None = None
    """Sampling seed sent to the endpoint where it takes one."""
    logprobs: bool = False
    """Ask for log-probabilities of the first answer token."""
    top_logprobs: int = 20
    """How many alternatives to ask for at the first answer token."""
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    """How long a reasoning model may think, where the endpoint takes it."""
    timeout_s: float = 120.0
    """Seconds that one attempt may take."""


USUAL_SETTINGS = ModelSettings(logprobs=True)
"""Settings of a model that is only named: at the command line, in Python, in a notebook."""


class ProductUser(Struct, frozen=True, kw_only=True):
    """One user of a product that has its own memory, made for one arm and cleared when the run ends."""

    id: str
    """The name that the product knows the user by."""
    model: str
    """The product as named in the plan."""
    arm: str
    """Arm id."""
    item: str = ""
    """Item id, where memory holds the item's own facts; empty for all other arms."""
    placement: Placement
    """`stored`: the facts are handed over. `told`: the conversation in which the user says them."""
    facts: tuple[str, ...]
    """What is to be remembered, in the third person; empty for the arm without memory."""
    turns: tuple[Message, ...] = ()
    """The conversation in which the user says the facts; empty unless `placement` is `told`."""


class Recall(Struct, frozen=True, kw_only=True):
    """Memory that a model looks at, fact by fact, before the assistant is shown what it leaves."""

    arm: Arm
    """What is in memory."""
    placement: Placement
    """Where it is put."""
    reader: Reader
    """What the assistant is told to do with it."""
    query: str
    """What a memory store is searched with."""
    language: Language
    """Language of the prompts of memory."""
    model: str
    """The model that looks at it, as named by the policy."""
    calls: int
    """How often that model is asked at most."""
    characters: int
    """Characters of the longest thing it is asked."""
    most_tokens: int
    """The longest answer it may give."""


class Request(Struct, frozen=True, kw_only=True):
    """One question, ready to be sent."""

    cell_key: str
    """Key of the cell it belongs to."""
    messages: tuple[Message, ...]
    """The conversation, oldest turn first."""
    settings: ModelSettings
    """How the model is sampled."""
    letters: tuple[str, ...]
    """The option letters as shown, in shown order."""
    seed: int
    """Stream seed of this cell, for endpoints that draw at random."""
    policy: str | None = None
    """Name of the policy that asks several times for this answer; None: it is asked once."""
    calls: int = 1
    """How often the assistant is asked for this answer."""
    others: tuple[tuple[Message, ...], ...] = ()
    """The same conversation under the other memories that this policy asks for."""
    recall: Recall | None = None
    """Memory that the policy's model looks at first; None: memory is shown as it is in the messages."""
    user: ProductUser | None = None
    """Who asks, where the assistant has its own memory; None: memory is in the messages."""


class TokenProbability(Struct, frozen=True, kw_only=True):
    """A candidate for the first answer token."""

    token: str
    """The token's text."""
    logprob: float
    """Natural logarithm of its probability."""


class Usage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Token counts as the server reports them; None where it does not."""

    input_tokens: int | None = None
    """Tokens read; None where the server does not say."""
    output_tokens: int | None = None
    """Tokens written, thoughts included; None where the server does not say."""
    reasoning_tokens: int | None = None
    """Tokens of thoughts; None where the server does not say."""
    cached_tokens: int | None = None
    """Input tokens that came from the provider's cache; None where the server does not say."""


class SecondCall(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a further call for one answer used: of a second model, or of the assistant itself under a policy."""

    model: str
    """As named in the plan."""
    usage: Usage = Usage()
    """Tokens, as the server reports them."""
    input_characters: int
    """Of everything that was sent; tokens are counted from it where the server reports none."""
    output_characters: int
    """Characters of its answer."""
    attempts: int = 1
    """Requests sent, retries included."""


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the assistant answered."""

    text: str
    """The answer without the thoughts."""
    finish: FinishReason
    """Why the assistant stopped."""
    reasoning: str | None = None
    """Thoughts, kept apart from the answer: a reasoning field, or what was between think tags."""
    refusal: str | None = None
    """The provider's explicit refusal field, where it has one."""
    top: tuple[TokenProbability, ...] | None = None
    """Most likely first answer tokens; None when not asked for or not given."""
    usage: Usage = Usage()
    """Tokens, as the server reports them."""
    latency_s: float = 0.0
    """Wall time of the successful attempt, in seconds."""
    attempts: int = 1
    """Requests sent, retries included."""
    model: str | None = None
    """The model the server says it used."""
    extracted: str | None = None
    """The option letter that a second model read from the answer (`llm_extract` only); empty where it found none. Of a
    written answer: what a judge said, `evenhand.records.rubric.Judged` as JSON."""
    note: str | None = None
    """Something the report must mention, e.g. that log-probabilities were asked for and not given."""
    second: tuple[SecondCall, ...] = ()
    """Calls of second models that this answer needed."""
    extra: tuple[SecondCall, ...] = ()
    """Further calls of the assistant itself that a policy needed for this answer; `usage` is that of one call alone."""
    memories: tuple[str, ...] | None = None
    """What the assistant's own memory gave for this question, best first; None where it does not show it."""
    batched: bool = False
    """Whether it came in a batch, for which providers bill less."""
    sent: tuple[Message, ...] = ()
    """The conversation that this answer was given to, where a policy sent another than the request's."""
