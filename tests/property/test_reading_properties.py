"""What holds for every answer: wrappers change nothing, talk of another option changes nothing, time is linear."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evenhand.reading.declining import declines
from evenhand.reading.plain import HEAD, TAIL, plain
from evenhand.reading.read import Read, read
from evenhand.reading.shown import Shown
from evenhand.reading.thoughts import split_reasoning
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.extractors.yes_no import yes_no
from tests.support.quickest import quickest

LETTERS = "ABCDE"
FIVE = Shown(tuple(LETTERS), ("Relief", "Pride", "Guilt", "Anger", "Hope"))
TWO = Shown(("A", "B"), ("First", "Second"))

WRAPPERS = (
    *(
        "{}",
        " {} ",
        "{}.",
        "({})",
        "[{}]",
        "**{}**",
        "*{}*",
        "__{}__",
        "`{}`",
        '"{}"',
        "“{}”",
        "~{}~",
        "{}!",
        "{}?",
        "{} |",
    ),
    *(
        "- {}",
        "• {}",
        "> {}",
        "# {}",
        "1. {}",
        "→ {}",
        "```\n{}\n```",
        "\u200b{}\ufeff",
        "【{}】",
        "{}…",
        "✅ {}",
        "{};",
    ),
    *("\\boxed{{{}}}", "$\\boxed{{\\text{{{}}}}}$", "${}$", "\\({}\\)", "$\\mathbf{{{}}}$", "\\textbf{{{}}}"),
    *(
        "<answer>{}</answer>",
        "<final>{}</final>",
        "<b>{}</b>",
        "<p>{}</p>",
        "[ANSWER]{}[/ANSWER]",
        "&lt;answer&gt;{}&lt;/answer&gt;",
    ),
    *("{}<|im_end|>", "{}</s>", "<bos>{}", "{} [/INST]", "{}<end_of_turn>", "<|im_start|>assistant\n{}<|im_end|>"),
    *('{{"answer": "{}"}}', "{{'answer': '{}'}}", '```json\n{{"answer": "{}"}}\n```', '[{{"answer": "{}"}}]'),
    *(
        "Answer: {}",
        "Final answer: {}",
        "**Answer:** {}",
        "The answer is {}.",
        "The answer is ({}).",
        "My choice is {}",
    ),
    *("Option {}", "option {}", "I choose {}.", "It's {}.", "Most likely {}.", "So it has to be {}.", "{} is correct."),
    *(
        "Antwort: {}",
        "Réponse : {}",
        "La respuesta es {}.",
        "答案是{}。",
        "正解は{}です",
        "정답: {}",
        "Ответ: {}",
        "الإجابة: {}",
    ),
    *(
        "<think>Option A or E?</think>{}",
        "[THINK]A[/THINK]{}",
        "◁think▷E◁/think▷{}",
        "analysisOption A.assistantfinal{}",
    ),
)
TALK = (
    *(
        "Option {} is less likely here.",
        "I would not choose {}.",
        "Somebody might answer {}.",
        "Option {} is tempting.",
    ),
    *(
        "You might pick {}.",
        "Choice ({}) is out.",
        "Option {} would only fit if a threat had passed.",
        "Don't choose {}.",
    ),
    *(
        "The answer is not {}.",
        "Why not option {}: nothing was feared.",
        "Option {} is wrong because nothing was lost.",
    ),
    *(
        "({}) needs a danger.",
        "Not {}.",
        "It cannot be {}.",
        "Some would say {}.",
        "If she had lost, the answer would be {}.",
    ),
    *("I considered {} first.", "Option {}: close, but no.", "At first I leaned to {}.", "{} is less plausible."),
)

wide = st.sampled_from(["as it is", "full width", "bold"])


def styled(letter: str, how: str) -> str:
    if how == "full width":
        return chr(ord(letter) + 0xFEE0)
    return chr(0x1D400 + ord(letter) - 65) if how == "bold" else letter


def chosen(text: str) -> str | None:
    found = read(text, FIVE)
    return LETTERS[found.position] if isinstance(found, Read) else None


@given(st.sampled_from(WRAPPERS), st.sampled_from(LETTERS), wide)
@settings(max_examples=600, deadline=None)
def test_a_wrapped_letter_is_that_letter(wrapper: str, letter: str, how: str) -> None:
    assert chosen(wrapper.format(styled(letter, how))) == letter


@given(st.sampled_from(WRAPPERS[:27]), st.sampled_from(WRAPPERS[27:40]), st.sampled_from(LETTERS))
@settings(max_examples=300, deadline=None)
def test_a_letter_wrapped_twice_is_that_letter(inner: str, outer: str, letter: str) -> None:
    assume("\n" not in inner and not inner.startswith(("-", "•", ">", "#", "1.", "→", "\\boxed", "$")))
    assert chosen(outer.format(inner.format(letter))) == letter


@given(
    st.sampled_from(WRAPPERS),
    st.sampled_from(LETTERS),
    st.sampled_from(LETTERS),
    st.sampled_from(TALK),
    st.booleans(),
    st.sampled_from(["\n\n", "\n"]),
)
@settings(max_examples=2000, deadline=None)
def test_talk_of_another_option_changes_nothing(
    wrapper: str, letter: str, other: str, talk: str, before: bool, gap: str
) -> None:
    assume(letter != other)
    said, answer = talk.format(other), wrapper.format(letter)
    if before:
        # Before an unopened thought or a turn mark, talk would be thought as well.
        assume(not wrapper.startswith(("analysis", "<|im_start|>")))
    assert chosen(f"{said}{gap}{answer}" if before else f"{answer}{gap}{said}") == letter


@given(st.sampled_from(LETTERS), st.sampled_from(TALK), st.sampled_from(LETTERS))
@settings(max_examples=200, deadline=None)
def test_talk_alone_chooses_nothing(letter: str, talk: str, other: str) -> None:
    assert chosen(talk.format(letter)) is None
    assert chosen(f"{talk.format(letter)} {TALK[0].format(other)}") is None


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_without_an_error_and_a_thought_never_closed_holds_no_answer(text: str) -> None:
    read(text, FIVE)
    read(f"<think>{text.replace('>', '').replace(']', '').replace('▷', '')}", FIVE)
    assert plain(plain(text)) is not None
    assert split_reasoning(f"x <think>{''.join(filter(str.isalnum, text))}")[0] == ""


@pytest.mark.parametrize("extractor", ["choice_letter", "regex", "json_field", "label_map"])
def test_an_answer_at_the_end_of_a_long_text_is_read_and_one_cut_in_the_middle_is_not(extractor: str) -> None:
    filler = "She waited for a while. " * 4000
    options = {"joy": "relief"} if extractor == "label_map" else {}
    extract = extractor_named(extractor, options)  # type: ignore[arg-type]
    answer = {"choice_letter": "Answer: B", "regex": "Answer: B", "json_field": '{"answer": "B"}', "label_map": "Pride"}
    assert getattr(extract(f"{filler}\n\n{answer[extractor]}", FIVE), "position", None) == 1
    hidden = f"{filler[: HEAD + 9000]}\n\n{answer[extractor]}\n\n{filler[: TAIL + 20000]}"
    assert getattr(extract(hidden, FIVE), "position", None) is None


SEEDS = (
    *(
        "answer ",
        "( ",
        "A, ",
        "the answer is ",
        '{"answer": ',
        "<think>",
        "**",
        "a.b.",
        "no ",
        "\\boxed{",
        "if I ",
        "can't ",
    ),
    *(
        "[",
        "'",
        ": ",
        "A) ",
        "feel a ",
        "so ",
        "option (",
        "1 ",
        "~~",
        "$",
        "<a ",
        "- ",
        "\n",
        "A\n",
        "B. x\n",
        "narrow ",
    ),
    *(
        "I would not choose A ",
        "is the most ",
        '"',
        "_",
        "…",
        "as an AI ",
        "I really ",
        "nothing ",
        "\\text{",
        "{",
        "</think>",
    ),
    *(
        "B is ",
        "<|channel|>",
        "assistantfinal",
        "ich kann nicht ",
        "не могу ",
        "答案",
        "Relief ",
        "yes and ",
        "[x] ",
        "0.5% ",
    ),
)


LENGTHS = (4_000, 16_000, 64_000)


def seconds(seed: str, length: int, *, extract: str, times: int) -> float:
    """CPU time of the quickest of some readings of a text that is `length` characters of one seed."""
    text = (seed * (length // len(seed) + 1))[:length]
    run = extractor_named(extract, {})  # type: ignore[arg-type]
    shown = TWO if extract == "yes_no" else FIVE
    return quickest(lambda: (run(text, shown), declines(text)), times=times)


def grows_too_fast(seed: str, *, extract: str, times: int) -> str | None:
    """The two lengths between which the time grows more than six times, and the times; None where there are none."""
    taken = [seconds(seed, length, extract=extract, times=times) for length in LENGTHS]
    for (short, before), (long, after) in pairwise(zip(LENGTHS, taken, strict=True)):
        if after > max(6 * before, 0.02):
            return f"{seed!r}: {before:.4f} s at {short}, {after:.4f} s at {long}"
    return None


@pytest.mark.parametrize("extract", ["choice_letter", "json_field", "regex", "yes_no"])
def test_the_time_to_read_grows_no_faster_than_the_text(extract: str) -> None:
    # Read once; what seems too slow is measured with care, since other work on the machine disturbs a single reading.
    suspects = [seed for seed in SEEDS if grows_too_fast(seed, extract=extract, times=1)]
    assert [found for seed in suspects if (found := grows_too_fast(seed, extract=extract, times=7))] == []


def test_yes_is_read_in_every_wrapper() -> None:
    for wrapper in WRAPPERS[:27]:
        found = yes_no(wrapper.format("Yes"), TWO)
        assert getattr(found, "position", None) == 0, wrapper
