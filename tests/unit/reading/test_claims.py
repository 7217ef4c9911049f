"""What a text claims: a mention is a claim by what is around it, and for or against."""

from __future__ import annotations

import pytest

from evenhand.reading.claims import claims_of
from evenhand.reading.mentions import skeleton_of
from evenhand.reading.plain import plain
from evenhand.reading.shown import Shown

FIVE = Shown(("A", "B", "C", "D", "E"), ("Joy", "Relief", "Anger", "Hope", "Fear"))


def claims(text: str) -> list[str]:
    """Each claim as its letter (? for several), with + or -, and a colon where it is announced as the answer."""
    found = claims_of(skeleton_of(plain(text), FIVE))
    return [
        f"{'?' if claim.position is None else 'ABCDE'[claim.position]}{':' if claim.labelled else ''}"
        f"{'+' if claim.holds else '-'}"
        for claim in found
    ]


def chosen(text: str) -> str:
    """The letters of the claims that hold."""
    return "".join(claim[0] for claim in claims(text) if claim.endswith("+"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B", ["B+"]),
        ("The answer is B.", ["B:+"]),
        ("I choose B", ["B:+"]),
        ("B is the best answer", ["B:+"]),
        ("She feels relief", ["B+"]),
        ("What she feels is fear", ["E+"]),
        ("Option B comes to mind", []),
        ("Relief is a feeling that comes late", []),
        ("", []),
        ("Nothing else", []),
        ("Nothing but B", ["B+"]),
        ("I can't help but choose B", ["B:+", "B+"]),
        ("I cannot help but choose B", ["B:+", "B+"]),
        ("I can not help but choose B", ["B:+", "B+"]),
        ("She waited. So B? Yes.", ["B+"]),
        ("She waited. Is it A, so B? Yes.", ["A+", "B+"]),
        ("My prediction of the day is B or C", ["?:+"]),
        ("My prediction of the day is B or B", ["B:+"]),
        ("B wrong", []),
        ("B relief", ["B+"]),
        ("She waited: A: too much, so C", ["C+"]),
        ("A, B", ["?:+"]),
        ("A or B", ["?:+"]),
        ("both A and C", ["?:+"]),
        ("B or B", ["B+"]),
        ("B or relief", ["B+"]),
        ("Answer: B, C", ["?:+"]),
        ("Answer: B, also C", ["?:+"]),
        ("Answer: B, B", ["B+"]),
        ("Answer: F", ["?:+"]),
        ("The answer is B. I waited. C.", ["B:+", "C+"]),
        ("C. The answer is B.", ["C+", "B:+"]),
        ("Because B", []),
        ("B, because she waited", ["B+"]),
        ("B) she won", ["B+"]),
        ("(b) relief", ["B+"]),
        ("B she won the race", []),
        ("B) she won the race that she had trained for", ["B+"]),
        ("B) she won the race, and I say B) again", ["B+", "B:+"]),
        ("B) she won, C) she lost", []),
        ("B) she won the race. C) she lost it.", []),
        ("B) she won the race, not A", ["B+"]),
        ("option B) she won the race", []),
        ("Well, then again B) she won the race", []),
        ("B relief at A", []),
        ("(c) pride", ["C+"]),
        ("(c) pride of heart alone", []),
        ("Well. B) she won", []),
    ],
)
def test_a_mention_is_a_claim_by_what_is_around_it(text: str, expected: list[str]) -> None:
    assert claims(text) == expected


def test_places_and_forms_of_claims_are_kept() -> None:
    first, second = claims_of(skeleton_of("So joy. The answer is B.", FIVE))
    assert (first.at, first.worded, first.whole) == (3, True, False)
    assert (second.at, second.worded, second.whole) == (
        len("So ? The answer is "),
        False,
        False,
    ) or second.at > first.at
    (whole,) = claims_of(skeleton_of("The answer is B.", FIVE))
    assert (whole.at, whole.worded, whole.whole) == (14, False, True)
    (several,) = claims_of(skeleton_of("- A or B", FIVE))
    assert (several.at, several.position, several.worded) == (2, None, False)
    (words,) = claims_of(skeleton_of("Joy or B", FIVE))
    assert words.worded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The answer is not B", "B:-"),
        ("I would not choose B", "B:-"),
        ("Never choose B", "B:-"),
        ("Somebody might pick B", "B:-"),
        ("One would choose B", "B:-"),
        ("The right one is B", "B:+"),
        ("I might pick B", "B:+"),
        ("You might pick B", "B:-"),
        ("The answer might be B", "B:-"),
        ("I would pick B", "B:+"),
        ("I can choose B", "B:+"),
        ("I first chose B", "B:-"),
        ("Many would choose B", "B:-"),
        ("Few would choose B", "B:-"),
        ("Some would choose B", "B:-"),
        ("If she waited, the answer is B", "B:-"),
        ("The answer is B if she waited", "B:-"),
        ("The answer is B unless she lied", "B:-"),
        ("If I had to choose, the answer is B", "B:+"),
        ("If asked, I choose B", "B:+"),
        ("If pressed, I choose B", "B:+"),
        ("Whether the answer is B", "B:-"),
        ("The answer is B, which was wrong", "B:+"),
        ("My answer: B is wrong", "B:-"),
        ("My answer: B would only fit a child", "B:-"),
        ("She asks: would the answer be B", "B:+"),
        ("Would the answer be B?", "B:-"),
        ("My answer is: B?", "B:+"),
        ('"Would the answer be B?"', "B:-"),
    ],
)
def test_an_announced_option_is_turned_down_by_a_negation_a_case_or_another_mouth(text: str, expected: str) -> None:
    assert claims(text)[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        *(f"My pick after {number} thoughts is B" for number in ("many", "few", "some")),
        *(f"I {modal} pick B" for modal in ("might", "could", "may", "would", "can")),
        "Meine Wahl ich könnte nennen: B",
        "Mon choix je pourrait dire: B",
        "La respuesta yo podría decir: B",
        "La risposta io potrebbe dire: B",
        "A resposta eu poderia dizer: B",
        *(f"If I {case}, the answer is B" for case in ("had to choose", "have to pick", "must pick", "am honest",
          "were asked", "was pressed", "need to pick")),
        *(f"If {case}, the answer is B" for case in ("you ask me", "we must pick", "one had to pick", "really pressed",
          "absolutely needed", "forced", "pressed", "anything", "only one is right", "asked", "I ask myself")),
    ],
)  # fmt: skip
def test_a_speakers_own_possibility_turns_nothing_down(text: str) -> None:
    assert chosen(text)[-1:] == "B"


@pytest.mark.parametrize(
    "text",
    [
        "I would think critics pick B",
        "She might pick B",
        "Dich könnte man nennen: meine Wahl könnte B",
        "Had she waited, the answer is B",
        '"Were it so, the answer is B"',
        "(Suppose she lied, the answer is B)",
        "The answer is B whether or not",
        "I choose B only when she lied",
        "I choose B provided she lied",
        "I choose B unless she lied",
    ],
)
def test_a_case_or_another_mouth_turns_an_option_down(text: str) -> None:
    assert chosen(text) == ""


def test_a_condition_far_from_an_option_is_about_something_else() -> None:
    far, near = "word " * 90, "word " * 16
    assert chosen(f"{far}the answer is B {near}if so") == "B"
    assert chosen(f"{far}the answer is B if so") == ""
    assert chosen(f"Had she waited {far}the answer is B") == "B"


@pytest.mark.parametrize(
    "words",
    ["no doubt", "without a doubt", "without question", "beyond doubt", "beyond a doubt", "little doubt",
     "no real hesitation", "no question about it", "not only A,"],
)  # fmt: skip
def test_a_negation_that_affirms_turns_nothing_down(words: str) -> None:
    assert chosen(f"With {words} the answer is B.").endswith("B")


@pytest.mark.parametrize(
    "text",
    ["I can't help but choose B", "I cannot help but choose B", "I can not help but choose B", "Nothing but B",
     "None other than B", "No other than B",
     "None other than (B)"],
)  # fmt: skip
def test_an_insisting_negation_holds(text: str) -> None:
    assert set(chosen(text)) == {"B"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B.", "B"),
        ("Well, B.", "B"),
        ("Not B.", ""),
        ("Not A, but B.", "B"),
        ("B, not A.", "B"),
        ("She waited. B.", "B"),
        ("She waited, so B.", "B"),
        ("She waited - B - all day", ""),
        ("She waited. B: it fits", ""),
        ("She waited. B | it fits", ""),
        ("She waited. B:", "B"),
        ("B: it fits", "B"),
        ("B | it fits", "B"),
        ("B - it fits", "B"),
        ("B: wrong", ""),
        ("B: too strong", ""),
        ("B - wrong", ""),
        ("A: too strong. B: right.", ""),
        ("So B, while A", "B"),
        ("Since B", ""),
        ("If she waited, B", ""),
        ("B if she waited", ""),
        ("Perhaps somebody: B", "B"),
        ("I hope she is fine", ""),
        ("Hope this helps", ""),
        ("Hope it is", "D"),
        ("Hope", "D"),
        ("We hope", ""),
        ("you fear", ""),
        ("they fear", ""),
        ("to hope", ""),
        ("let's hope", ""),
        ("let us hope", ""),
        ("dare hope", ""),
        ("would fear", ""),
        ("fear that", ""),
        ("hope so", ""),
        ("fear you", ""),
        ("hope to", ""),
        ("hope we", ""),
        ("fear he", ""),
        ("fear she", ""),
        ("She is not relief", ""),
        ("It is joy, then", "A"),
    ],
)
def test_a_part_of_a_sentence_that_only_chooses_is_a_claim(text: str, expected: str) -> None:
    assert chosen(text) == expected


@pytest.mark.parametrize("yes", ["yes", "yeah", "correct", "right", "definitely", "exactly", "ja", "oui", "sí", "sim",
                                 "да", "はい", "예", "是"])  # fmt: skip
def test_an_option_that_is_asked_about_and_affirmed_is_a_claim(yes: str) -> None:
    assert chosen(f"She waited. Perhaps relief? {yes.capitalize()}.") == "B"
    assert chosen(f"She waited. So B? {yes}") == "B"
    assert chosen(f'She waited. "Relief?" "{yes}."') == "B"
    assert chosen(f"She waited. So B? {yes}x") == ""


@pytest.mark.parametrize("no", ["no", "not", "nope", "nein", "non", "não", "нет", "nie"])
def test_an_option_that_is_asked_about_and_denied_is_none(no: str) -> None:
    assert chosen(f"B? {no}.") == ""
    assert chosen(f"Relief? {no}.") == ""
    assert chosen(f"B? {no}x.") == "B"


@pytest.mark.parametrize("verb", ["is", "are", "was", "would", "would be", "could be", "seems", "might be", "may be"])
def test_a_sentence_that_breaks_off_after_an_option_claims_nothing(verb: str) -> None:
    assert chosen(f"B {verb}") == chosen(f"B {verb} ") == ""
    assert chosen("B it is") == "B"


@pytest.mark.parametrize("word", ["is", "was", "are", "were", "could", "would", "might", "should", "does", "do", "did",
                                  "can", "may", "what", "which", "why", "how"])  # fmt: skip
def test_to_wonder_about_an_option_claims_nothing(word: str) -> None:
    assert chosen(f"{word.capitalize()} it that she feels relief?") == ""
    assert chosen("So it is that she feels relief?") == "B"
    assert chosen("So she feels relief?") == "B"


@pytest.mark.parametrize(
    "verb", ["is", "was", "would", "could", "can", "does", "do", "should", "must", "may", "might", "will"]
)
def test_an_option_that_is_denied_is_none(verb: str) -> None:
    assert chosen(f"B {verb} not be it") == chosen(f"She feels relief {verb} not it") == ""
    assert chosen(f"So she would pick: B {verb} never be it") == ""
    assert chosen(f"Answer: B {verb} not only fit but be best") == "B"


def test_options_in_a_row_are_turned_down_together() -> None:
    assert claims("I pick not A, B or C") == claims("A and B do not fit") == []
    assert claims("It is not A or B, so C") == ["C+"]
    assert claims("The answer is not one of A, B or C but D") == ["D+"]
    assert claims("A is no fit, and B or C are wrong") == []
    assert claims("My answer today: A or B is wrong") == []
    assert claims("The answer is not quite long enough to be A or B") == ["?:-"]


@pytest.mark.parametrize("text", ["She is taking joy in it, I say", "My second choice is B", "The worst answer: B"])
def test_a_lesser_choice_and_an_idiom_choose_nothing(text: str) -> None:
    assert chosen(text) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A: 3/10, B: 7/10", ["B:+"]),
        ("A: 3 / 5\nB: 2 / 5", ["A:+"]),
        ("A: 30/100; B: 20/100", ["A:+"]),
        ("A: no, B: yes, C: no", ["B:+"]),
        ("A - no; B - yes", ["B:+"]),
        ("✗ A\n✓ B", ["B:+"]),
        ("[ ] A\n[x] B", ["B:+"]),
        ("| A | no |\n| B | yes |", ["B:+"]),
    ],
)
def test_lists_on_one_line_with_boxes_and_in_columns(text: str, expected: list[str]) -> None:
    assert claims(text) == expected


@pytest.mark.parametrize("yes", ["yes", "yeah", "correct", "right"])
def test_a_letter_that_is_asked_about_and_affirmed_is_a_claim(yes: str) -> None:
    assert chosen(f"B? {yes.capitalize()}.") == "B"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B?", "B"),
        ("(B)?", "B"),
        ("B? She waited.", "B"),
        ("B? Not A.", "B"),
        ("B? Not B.", ""),
        ("B? Not relief.", ""),
        ('B? "Not (A)."', "B"),
        ("Relief? She waited.", ""),
        ("She waited. So B? She did.", ""),
        ("She waited. Is it B?", ""),
        ("She waited. B?", "B"),
        ("Is it B? Yes. Or C?", "B"),
    ],
)
def test_a_question_about_an_option_is_a_claim_only_where_it_stands_alone_or_is_affirmed(
    text: str, expected: str
) -> None:
    assert chosen(text) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("A. Joy", "B. Relief", "C. Anger"), []),
        (("A. Joy", "B. Relief", "The answer is B."), ["B:+"]),
        (("A. Joy", "B. Relief ✓", "C. Anger"), ["B:+"]),
        (("[ ] A. Joy", "[x] B. Relief", "[ ] C. Anger"), ["B:+"]),
        (("(x) A. Joy", "( ) B. Relief"), ["A:+"]),
        (("✗ A. Joy", "✓ B. Relief"), ["B:+"]),
        (("A: ✗ no", "B: [X] yes"), ["B:+"]),
        (("A. Joy ✓", "B. Relief ✓"), []),
        (("A: no", "B: yes", "C: no"), ["B:+"]),
        (("A: yes", "B: yes", "C: no"), []),
        (("A: yes", "B: yes ✓"), ["B:+"]),
        (("option A: no", "option B: yes"), ["B:+"]),
        (("Joy: no", "Relief: yes"), ["B:+"]),
        (("A → 5%", "B → 95%"), ["B:+"]),
        (("A: 40%", "B: 40%", "C: 20%"), []),
        (("A: 10%", "B: 70%", "C: unclear"), []),
        (("A: 0.1", "B: 0.7", "C: .2"), ["B:+"]),
        (("A: 1.0", "B: 0.0", "C: .5"), ["A:+"]),
        (("A: 2.5 %", "B: 1.25%"), ["A:+"]),
        (("A: 10.5", "B: 1.05"), []),
        (("A: x0.9", "B: 0.1"), []),
        (("A", "B yes"), ["A+", "B+"]),
    ],
)
def test_a_list_that_restates_the_options_claims_what_it_marks(lines: tuple[str, ...], expected: list[str]) -> None:
    assert claims("\n".join(lines)) == expected


YES = ("yes", "correct", "right", "true", "best", "likely", "this one", "the answer", "my answer", "oui", "ja", "sí",
       "si", "sim", "да", "tak", "是", "对", "正确", "はい", "예")  # fmt: skip
NO = ("no", "not this", "incorrect", "wrong", "false", "unlikely", "rejected", "less so", "non", "nein", "não", "нет",
      "nie", "否", "不", "いいえ")  # fmt: skip


@pytest.mark.parametrize("yes", YES)
def test_a_line_of_a_list_may_affirm(yes: str) -> None:
    assert claims(f"A: hm\nB: well, {yes}\nC: hm") == ["B:+"]
    assert claims(f"A: hm\nB: {yes}\nC: hm") == ["B:+"]
    assert claims(f"A: hm\nB: {yes}zz\nC: hm") == []
    assert claims(f"A: hm\nB: one two three four {yes}\nC: hm") == []


@pytest.mark.parametrize("no", NO)
def test_a_line_of_a_list_that_denies_affirms_nothing(no: str) -> None:
    assert claims(f"A: hm\nB: yes, {no}\nC: hm") == []
    assert claims(f"A: yes, {no}\nB: yes, it fits\nC: hm") == ["B:+"]


def test_a_list_begins_with_the_first_option_and_goes_on_in_order() -> None:
    assert claims("B: no\nC: yes") == ["B-", "C+"] or chosen("B: no\nC: yes") != "B"
    assert claims("A: no\nC: yes")[-1] != "C:+"
    assert claims("A. Joy\nSo much for that.\nB. Relief ✓") == ["B:+"]
    assert claims("So:\nA\nB") == claims("(A)\n(B)") == ["A+", "B+"]
    assert chosen("Joy\nRelief\nI say C") == "C"
    (marked,) = claims_of(skeleton_of("Joy: no\nRelief: yes", FIVE))
    assert (marked.at, marked.worded, marked.whole) == (6, True, False)
    (marked,) = claims_of(skeleton_of("So:\n✗ A: no\n✓ B: yes", FIVE))
    assert (marked.at, marked.worded) == (14, False)
