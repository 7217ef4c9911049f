"""Thoughts are set apart from the answer, whatever marks a model family gives them."""

from __future__ import annotations

import pytest

from evenhand.reading.thoughts import answer_spans, split_reasoning

TAGS = (
    "think", "thinking", "thinks", "think_process", "thought", "thoughts", "thought_process", "inner_thoughts",
    "inner_monologue", "internal", "internal_thoughts", "reason", "reasoning", "reasoning_process",
    "reasoning_content", "rationale", "reflection", "reflections", "reflecting", "analysis", "deliberation",
    "scratchpad", "scratch_pad", "chain_of_thought", "cot", "antthinking", "ant_thinking", "longcat_think",
    "think_fast", "think_faster", "monologue", "planning", "details", "seed:think",
)  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_a_pair_of_tags_holds_thoughts(tag: str) -> None:
    assert split_reasoning(f"<{tag}>A or B</{tag}>\nC") == ("C", "A or B")
    assert split_reasoning(f"So: <{tag.upper()} id='1'>A</{tag.upper()}> C") == ("So: C", "A")
    assert split_reasoning(f"<{tag}>A") == ("", "A")


@pytest.mark.parametrize(
    ("opens", "closes"),
    [
        *((f"[{name}]", f"[/{name}]") for name in ("think", "thinking", "thought", "thoughts", "THINK")),
        ("◁think▷", "◁/think▷"),
        ("<start_working_out>", "<end_working_out>"),
        ("<unused94>thought", "<unused95>"),
        *((f"<|begin_of_{name}|>", f"<|end_of_{name}|>") for name in ("thought", "thinking", "think", "reasoning")),
        ("<|START_THINKING|>", "<|END_THINKING|>"),
        ("<|think|>", "<|/think|>"),
        ("<|thinking|>", "<|/thinking|>"),
        ("<|channel>thought", "<channel|>"),
        ("<|channel> analysis", "<channel|>"),
        ("Thinking...\n", "\n...done thinking.\n"),
        ("💭 Thinking…\n", "\n…done thinking\n"),
        ("Here is my thought process:", "\nHere is my response:"),
    ],
)
def test_other_marks_hold_thoughts(opens: str, closes: str) -> None:
    assert split_reasoning(f"{opens} A or B {closes} C") == ("C", "A or B")


@pytest.mark.parametrize(
    "text", ["", "B", "I think: B.", "<thinker>B</thinker>", "<b>B</b>", "<think/> B", "a < b", " B \n"]
)
def test_a_text_without_thoughts_stays_as_it_is(text: str) -> None:
    assert answer_spans(text) == ((0, len(text)),)
    assert split_reasoning(text) == (text, None)


def test_parts_of_the_answer_around_thoughts_are_joined() -> None:
    text = "So <think>A</think> the answer <think>B</think> is C. "
    assert split_reasoning(text) == ("So the answer is C.", "A\n\nB")
    assert [text[start:end] for start, end in answer_spans(text)] == ["So ", " the answer ", " is C. "]


def test_a_thought_within_a_thought_ends_with_the_first_closing_mark() -> None:
    assert split_reasoning("<think>A<think>B</think>C") == ("C", "A\nB")
    assert split_reasoning("Now <think>A<think>B</think> C</think> D")[0] == "D"


def test_a_thought_that_is_never_closed_leaves_no_answer() -> None:
    assert answer_spans("The answer is B. <think>Or C") == ()
    assert split_reasoning("<think>A</think>B<think>C") == ("", "A\nB\nC")


def test_a_closing_mark_alone_ends_a_thought_that_began_with_the_text() -> None:
    assert split_reasoning("A or B, hard to say.</think>C") == ("C", "A or B, hard to say.")
    assert split_reasoning("B</think>C") == ("C", "B")


def test_a_short_text_before_a_lone_closing_mark_with_nothing_after_it_is_the_answer() -> None:
    assert split_reasoning("The answer is B.</think>") == ("The answer is B.", None)
    assert split_reasoning(f" {'x' * 40} </think>\n")[0] == "x" * 40
    assert split_reasoning(f"{'x' * 41}</think>") == ("", "x" * 41)
    assert split_reasoning("A\nB</think>") == ("", "A\nB")


def test_summaries_and_marks_are_no_part_of_the_thoughts() -> None:
    assert split_reasoning("<details><summary>Why</summary>A</details>B") == ("B", "A")
    assert split_reasoning("<think></think>B") == ("B", None)
    channels = "<|start|>assistant<|channel|>analysis<|message|>A<|end|>"
    assert split_reasoning(f"{channels}<|channel|>final<|message|>B<|return|>") == ("B", "assistant analysis A  final")
    called = "<|channel|>commentary <|constrain|>json<|message|>A<|call|><|channel|>final<|message|>B"
    assert split_reasoning(called) == ("B", "commentary  json A  final")


@pytest.mark.parametrize("end", ["<|end|>", "<|return|>", "<|start|>", "<|call|>", ""])
def test_the_last_final_channel_is_the_answer(end: str) -> None:
    head = "<|channel|>analysis<|message|>A<|end|><|channel|>final<|message|>B<|end|>"
    answer, thoughts = split_reasoning(f"{head}<|channel|> final <|constrain|>text<|message|>C{end} D" if end else head)
    assert answer == ("C" if end else "B")
    assert thoughts is not None


@pytest.mark.parametrize(
    "text",
    [
        "<|channel|>analysis<|message|>The answer is B",
        "<|channel|>finally<|message|>B",
        "<|channel|>final B",
        "analysisThe answer is B",
        "assistantanalysisWe choose B",
    ],
)
def test_channels_without_a_final_one_hold_no_answer(text: str) -> None:
    assert answer_spans(text) == ()
    assert split_reasoning(text)[0] == ""


def test_channels_whose_special_tokens_are_left_out() -> None:
    assert split_reasoning("analysisA or B.assistantfinalC") == ("C", "analysisA or B.assistantfinal")
    assert split_reasoning("assistantfinalC")[0] == "C"
    assert split_reasoning(" assistantfinalC")[0] == "C"
    assert split_reasoning("We choose assistantfinalC") == ("We choose assistantfinalC", None)
    assert split_reasoning("analysis of the options: B") == ("analysis of the options: B", None)
