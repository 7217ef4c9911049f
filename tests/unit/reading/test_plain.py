"""One spelling for a text, whatever a model wraps its answer in."""

from __future__ import annotations

import pytest

from evenhand.reading.plain import CUT, HEAD, TAIL, capped, plain

ANSWERS = "Answer: B"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B", "B"),
        ("", ""),
        ("  She  waited. \n\n Then B. ", "She waited.\nThen B."),
        ("a\r\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("\x1b[1;31mB\x1b[0m", "B"),
        ("\u200bB\u200d\ufeff\xad\u2060", "B"),
        ("\x00B\x07", "B"),
        ("B\ufe0f", "B"),
        ("&lt;b&gt;B&lt;/b&gt; &amp; C", "B & C"),
        ("<think>A</think>B", "B"),
        ("Ｂ", "B"),
        ("Ⓑ", "B"),
        ("🅱", "B"),
        ("🇧", "B"),
        ("🅑", "B"),
        ("𝐁", "B"),
        ("𝓑.", "B."),
        ("В", "B"),
        ("Α.", "A."),
        ("В лесу", "В лесу"),
        ("Вот", "Вот"),
        ("‘B’ ʼ ′ ‛", "'B' ' ' '"),
        ("“B” «C» 「D」", '"B" "C" "D"'),
        ("well‐known", "well-known"),
        ("B—it", "B - it"),
        ("【B】 〖C〗 《D》 ⟨E⟩", "[B] [C] [D] [E]"),
        ("so ⇒B ➜C", "so →B →C"),
        ("✅B ✘C", "✓ B ✗ C"),
        ("▁B⠀", "B"),
        ("so -> B", "so → B"),
        ("so ==> B", "so → B"),
        (
            r"so \rightarrow B \to C \implies D \Longrightarrow E \Rightarrow A \longrightarrow B",
            "so → B → C → D → E → A → B",
        ),
    ],
)
def test_characters_that_read_alike_are_one(text: str, expected: str) -> None:
    assert plain(text) == expected


ALIKE = zip("АВСЕНІКМОРТХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHIKMOPTXABEZHIKMNOPTYX", strict=True)


@pytest.mark.parametrize(("other", "latin"), list(ALIKE))
def test_a_lone_letter_of_another_script_is_the_latin_one_that_looks_so(other: str, latin: str) -> None:
    assert plain(f"{other})") == f"{latin})"
    assert plain(f"{other}б") == f"{other}б"


@pytest.mark.parametrize("index", [0, 1, 24, 25])
def test_squared_and_circled_letters_are_letters(index: int) -> None:
    for base in (0x1F150, 0x1F170, 0x1F1E6):
        assert plain(chr(base + index)) == chr(65 + index)
        assert "[" not in plain(chr(base + 26))


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{B}", r"\fbox{B}", r"\framebox{B}", r"\ovalbox{B}", r"\boxed B", r"$\boxed{\text{B}}$",
        r"\boxed{\mathbf{B}}", r"\[\boxed{B}\]", r"\(\boxed{B}\)", r"$$\boxed{ B }$$", r"\boxed{\mathrm{\textbf{B}}}",
        "<answer>B</answer>", "<final_answer>B</final_answer>", "<ANSWER> B </ANSWER>", "<answer id='1'>B</answer>",
        "<choice>B</choice>", "<my-answer>B</my-answer>", "<selected_option>B</selected_option>", "<label>B</label>",
        "<conclusion>B</conclusion>", "<response>B</response>", "<output>B</output>", "<result>B</result>",
        "<solution>B</solution>", "<letter>B</letter>", "<selection>B</selection>", "<pick>B</pick>",
        "<prediction>B</prediction>", "<verdict>B</verdict>", "<decision>B</decision>", "<final>B</final>",
        "<correct answer>B</correct answer>", "<best_choice>B", "<the answer>B", "<ans>B</ans>",
        "[ANSWER] B", "[answer]B[/answer]", "[[Answer]]: B", "<<ANSWER>>B<</ANSWER>>", "<<<answer>>>B<<</answer>>>",
    ],
)  # fmt: skip
def test_a_wrapper_that_announces_an_answer_becomes_a_label(text: str) -> None:
    assert plain(text) == ANSWERS


@pytest.mark.parametrize(
    "font",
    ["text", "textbf", "textit", "textrm", "textsf", "texttt", "mathbf", "mathit", "mathrm", "mathsf", "mathtt",
     "mathbb", "mathcal", "bm", "bf", "rm", "mbox", "emph", "underline", "operatorname"],
)  # fmt: skip
def test_a_font_of_latex_is_taken_off(font: str) -> None:
    assert plain(rf"So \{font}{{B}} it is") == "So B it is"


@pytest.mark.parametrize(
    "mark",
    [r"\(", r"\)", r"\[", r"\]", "$", "$$", r"\quad", r"\qquad", r"\,", r"\;", r"\:", r"\!", r"\left",
     r"\right", r"\displaystyle", r"\bf", r"\rm", r"\it"],
)  # fmt: skip
def test_a_mark_of_latex_is_a_space(mark: str) -> None:
    assert plain(f"so {mark} B") == "so B"


def test_a_longer_command_is_no_mark() -> None:
    assert plain(r"\leftish B") == r"\leftish B"
    assert plain(r"\toad B") == r"\toad B"
    assert plain(r"\boxed Bx") == r"\boxed Bx"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**B**", "[B]"),
        ("__B__", "[B]"),
        ("***(B)***", "[B]"),
        ("`B`", "[B]"),
        ("*b.*", "[b]."),
        ("**B**ravo", "Bravo"),
        ("**So** it is", "So it is"),
        ("_So_ it is snake_case", "So it is snake_case"),
        ("# Title\n## B", "Title\nB"),
        ("- B\n* C\n+ D\n• E", "B\nC\nD\nE"),
        ("1. B\n2) C\n12. D", "B\nC\nD"),
        ("> B", "B"),
        ("> - **B**", "[B]"),
        ("1→ B", "B"),
        ("- B - C", "B - C"),
        ("-B", "-B"),
        ("```\nB\n```", "B"),
        ("```python\nB\n```", "B"),
        ("~~~\nB\n~~~", "B"),
        ("~~A~~ B", "B"),
        ("~~A~~", "A"),
        ("<del>A</del> B", "B"),
        ("<strike>A</strike> B", "B"),
        ("<b>B</b>", "B"),
        ("<strong>B</strong>ravo", "Bravo"),
        ("<span class='x'>B</span>", "B"),
        ("<p>So</p><p>B</p>", "So\nB"),
        ("so<br/>B", "so\nB"),
        ("<ul:li>B", "B"),
        ("<B>", "[B]"),
        ("<<B>>", "[B]"),
        ("<|B|>", "[B]"),
        ("1 < 2", "1 < 2"),
        ("<3 B", "<3 B"),
    ],
)
def test_markdown_and_tags_are_taken_off(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    "tag",
    ["b", "i", "u", "em", "strong", "span", "mark", "code", "font", "small", "sup", "sub", "big", "tt", "kbd"],
)  # fmt: skip
def test_a_tag_within_a_line_leaves_no_trace_and_another_ends_the_line(tag: str) -> None:
    assert plain(f"so <{tag}>B</{tag}>ravo") == "so Bravo"
    assert plain(f"so <{tag} class='x'>B</{tag}>ravo") == "so Bravo"
    assert plain(f"so <{tag}x class='x'>B</{tag}x>ravo") == "so\nB\nravo"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don`t, don´t", "don't, don't"),
        ("well–known, well−known", "well-known, well-known"),
        ("so–B", "so - B"),
        ("SoĠBĊC", "So B\nC"),
        ("`so`", "so"),
        *((rf"so \{size} B", "so B") for size in ("tiny", "small", "large", "Large", "LARGE", "huge", "Huge")),
        *((rf"so {no} \boxed{{B}}", f"so {no} [B]") for no in ("not", "than", "instead of", "except", "Not")),
        (r"so knot \boxed{B}", "so knot\nAnswer: B"),
    ],
)
def test_marks_within_words_sizes_and_boxes_that_are_turned_down(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_what_only_looks_like_a_mark_stays() -> None:
    assert plain("X marks the axe, XX.") == "X marks the axe, XX."
    assert plain("so ```python") == "so python"
    assert plain("```python B") == "python B"
    assert plain(r"so \rightarrows B") == r"so \rightarrows B"


@pytest.mark.parametrize(
    "end",
    ["<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|return|>", "<|endoftext|>", "<|end_of_text|>",
     "<|end_of_turn_token|>", "<|end_of_turn|>", "<|eos|>", "<|end_response|>", "<end_of_turn>",
     "<|end▁of▁sentence|>", "<｜end▁of▁sentence｜>", "</s>", "<eos>", "<|IM_END|>"],
)  # fmt: skip
def test_what_follows_the_end_of_a_turn_was_not_asked_for(end: str) -> None:
    assert plain(f"B{end}\nuser\nA{end}") == "B"
    assert plain(f"{end}B") == "B"
    assert plain(f"<|im_start|>assistant\n{end}B") == "B"


@pytest.mark.parametrize(
    "token",
    ["<|im_start|>", "<s>", "</s>", "<bos>", "<pad>", "<unk>", "<sep>", "<cls>", "<mask>", "</pad>",
     "<start_of_turn>", "[INST]", "[/INST]", "[BOS]", "[EOS]", "[SEP]", "[CLS]", "[PAD]", "[SYS]", "[assistant]",
     "<<SYS>>", "<SYS>", "</SYS>", "<assistant>", "</assistant>", "<unused7>"],
)  # fmt: skip
def test_a_template_token_is_no_part_of_the_answer(token: str) -> None:
    assert plain(f"{token}B") == "B"
    if token not in {"</s>", "<eos>"}:
        assert plain(f"so {token}B") == "so B"


@pytest.mark.parametrize("role", ["assistant", "model", "ai", "bot", "Assistant"])
def test_the_name_of_the_speaker_is_no_part_of_the_answer(role: str) -> None:
    assert plain(f"{role}: B") == "B"
    assert plain(f"<|im_start|>{role}\nB") == "B"
    assert plain(f"the {role}: B") == f"the {role}: B"


def test_a_long_text_is_read_at_its_head_and_tail_with_whole_words() -> None:
    assert capped(" x ") == "x"
    just = "x" * (HEAD + TAIL)
    assert capped(just) == just
    long = "head " * 2000 + "middle " + "tail " * 2000
    found = capped(long)
    assert found.startswith("head head") and found.endswith("tail tail")
    assert f"head {CUT}\n{CUT} tail" in found
    assert "middle" not in found
    assert found == f"{('head ' * 1199).strip()} {CUT}\n{CUT} {('tail ' * 1199).strip()}"
    assert capped("x" * 12_001) == f"{'x' * 6000} {CUT}\n{CUT} {'x' * 6000}"
    assert CUT in plain(long)
