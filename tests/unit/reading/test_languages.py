"""Replies in German, Spanish, French and Chinese: letters, words, refusals, ratings and percentages."""

from __future__ import annotations

import pytest

from evenhand.reading.numbers import NoNumbers, Stated, stated_numbers
from evenhand.reading.read import Nothing, Read, read
from evenhand.reading.shown import Shown
from evenhand.records.language import LANGUAGES, Language

EMOTIONS: dict[Language, tuple[str, ...]] = {
    "de": ("Wut", "Angst", "Freude", "Erleichterung"),
    "es": ("Ira", "Miedo", "Alegría", "Alivio"),
    "fr": ("Colère", "Peur", "Joie", "Soulagement"),
    "zh": ("愤怒", "恐惧", "喜悦", "宽慰"),
}
"""Options A to D."""

CHOICES: dict[Language, list[tuple[str, str]]] = {
    "de": [
        ("B", "B"),
        ("B.", "B"),
        ("**D**", "D"),
        ("Antwort: C", "C"),
        ("Die Antwort ist C.", "C"),
        ("Die richtige Antwort lautet D.", "D"),
        ("Die beste Option ist B.", "B"),
        ("Ich wähle A.", "A"),
        ("Ich würde D wählen.", "D"),
        ("Ich entscheide mich für B.", "B"),
        ("Meine Wahl: C) Freude", "C"),
        ("D. Erleichterung", "D"),
        ("Erleichterung", "D"),
        ("Am wahrscheinlichsten ist D, weil die Gefahr vorbei ist.", "D"),
        ("Nicht A, sondern B.", "B"),
        ("A passt nicht, daher ist B richtig.", "B"),
        ("Option C ist am besten.", "C"),
        ("Sie fühlt Freude.", "C"),
        ("Die richtige Antwort ist B (Angst).", "B"),
        ("Lösung: D", "D"),
    ],
    "es": [
        ("B", "B"),
        ("(D)", "D"),
        ("**C**", "C"),
        ("Respuesta: C", "C"),
        ("La respuesta es C.", "C"),
        ("La respuesta correcta es D.", "D"),
        ("La mejor opción es B.", "B"),
        ("Elijo A.", "A"),
        ("Elegiría la D.", "D"),
        ("Yo diría B.", "B"),
        ("Opción correcta: C) Alegría", "C"),
        ("D. Alivio", "D"),
        ("Alivio", "D"),
        ("Creo que es la B, porque todavía hay peligro.", "B"),
        ("No es A, sino B.", "B"),
        ("La opción C es la mejor.", "C"),
        ("Siente alegría.", "C"),
        ("Mi elección es D.", "D"),
        ("La respuesta correcta es B (Miedo).", "B"),
        ("Escojo la opción C.", "C"),
    ],
    "fr": [
        ("B", "B"),
        ("C)", "C"),
        ("**D**", "D"),
        ("Réponse : C", "C"),
        ("La réponse est C.", "C"),
        ("La bonne réponse est la D.", "D"),
        ("La meilleure option est B.", "B"),
        ("Je choisis A.", "A"),
        ("Je dirais D.", "D"),
        ("J'opte pour B.", "B"),
        ("Mon choix : C) Joie", "C"),
        ("D. Soulagement", "D"),
        ("Soulagement", "D"),
        ("C'est B, car le danger n'est pas passé.", "B"),
        ("Ce n'est pas A mais B.", "B"),
        ("L'option C est la meilleure.", "C"),
        ("Elle ressent de la joie.", "C"),
        ("Je pense que la réponse est D.", "D"),
        ("La bonne réponse est B (Peur).", "B"),
        ("Réponse : « D »", "D"),
    ],
    "zh": [
        ("B", "B"),
        ("Ｂ", "B"),
        ("（D）", "D"),
        ("答案：C", "C"),
        ("答案是C。", "C"),
        ("正确答案是 D。", "D"),
        ("最佳选项是B。", "B"),
        ("我选A。", "A"),
        ("我选择D。", "D"),
        ("我认为应该选B。", "B"),
        ("选项C最合适。", "C"),
        ("D. 宽慰", "D"),
        ("D、宽慰", "D"),
        ("宽慰", "D"),
        ("【C】", "C"),
        ("最可能的是D，因为危险已经过去了。", "D"),
        ("不是A，而是B。", "B"),
        ("她感到喜悦。", "C"),
        ("正确答案是B（恐惧）。", "B"),
        ("答案为Ｃ", "C"),
    ],
}
"""Reply -> the letter that it chooses."""

DECLINED: dict[Language, list[str]] = {
    "de": [
        "Das kann ich leider nicht beantworten.",
        "Ich möchte dazu keine Antwort geben.",
        "Dabei kann ich nicht helfen.",
        "Es tut mir leid, aber ich kann diese Frage nicht beantworten.",
        "Ich kann nicht beurteilen, was jemand fühlt.",
    ],
    "es": [
        "No puedo responder a esa pregunta.",
        "Lo siento, pero no puedo elegir una opción.",
        "Prefiero no responder.",
        "Me niego a contestar.",
        "No puedo ayudar con eso.",
    ],
    "fr": [
        "Je ne peux pas répondre à cette question.",
        "Désolé, je ne peux pas vous aider.",
        "Je préfère ne pas répondre.",
        "Je refuse de répondre.",
        "Je ne suis pas en mesure de choisir une option.",
    ],
    "zh": [
        "我无法回答这个问题。",
        "抱歉，我不能回答。",
        "对不起，我无法提供帮助。",
        "我拒绝回答。",
        "很抱歉，我不能帮助你做这个选择。",
    ],
}

NUMBERS: dict[Language, list[tuple[str, tuple[float, ...]]]] = {
    "de": [
        ("Wut: 7,5\nAngst: 2\nFreude: 0\nErleichterung: 9,5", (7.5, 2, 0, 9.5)),
        ("- Wut: 7\n- Angst: 2\n- Freude: 0\n- Erleichterung: 1", (7, 2, 0, 1)),
        ("**Wut:** 7/10\n**Angst:** 2/10\n**Freude:** 0/10\n**Erleichterung:** 1/10", (7, 2, 0, 1)),
        ("Wut: 7 von 10, Angst: 2 von 10, Freude: 0 von 10, Erleichterung: 1 von 10", (7, 2, 0, 1)),
        ("Wut liegt bei 7, Angst bei 2, Freude bei 0 und Erleichterung bei 1.", (7, 2, 0, 1)),
        ("A: 60 %\nB: 20 %\nC: 15 %\nD: 5 %", (60, 20, 15, 5)),
        ("A: 62,5%\nB: 17,5%\nC: 15%\nD: 5%", (62.5, 17.5, 15, 5)),
        ("A: 60 Prozent\nB: 20 Prozent\nC: 15 Prozent\nD: 5 Prozent", (60, 20, 15, 5)),
    ],
    "es": [
        ("Ira: 7,5\nMiedo: 2\nAlegría: 0\nAlivio: 9,5", (7.5, 2, 0, 9.5)),
        ("* Ira: 7\n* Miedo: 2\n* Alegría: 0\n* Alivio: 1", (7, 2, 0, 1)),
        ("Ira: 7 de 10\nMiedo: 2 de 10\nAlegría: 0 de 10\nAlivio: 1 de 10", (7, 2, 0, 1)),
        ("Ira: 7 sobre 10\nMiedo: 2 sobre 10\nAlegría: 0 sobre 10\nAlivio: 1 sobre 10", (7, 2, 0, 1)),
        ("ira: un 7, miedo: un 2, alegría: un 0, alivio: un 1", (7, 2, 0, 1)),
        ("A: 60 %\nB: 20 %\nC: 15 %\nD: 5 %", (60, 20, 15, 5)),
        ("A: 62,5%\nB: 17,5%\nC: 15%\nD: 5%", (62.5, 17.5, 15, 5)),
        ("A: 60 por ciento\nB: 20 por ciento\nC: 15 por ciento\nD: 5 por ciento", (60, 20, 15, 5)),
    ],
    "fr": [
        ("Colère : 7,5\nPeur : 2\nJoie : 0\nSoulagement : 9,5", (7.5, 2, 0, 9.5)),
        ("- Colère : 7\n- Peur : 2\n- Joie : 0\n- Soulagement : 1", (7, 2, 0, 1)),
        ("Colère : 7/10\nPeur : 2/10\nJoie : 0/10\nSoulagement : 1/10", (7, 2, 0, 1)),
        ("Colère : 7 sur 10\nPeur : 2 sur 10\nJoie : 0 sur 10\nSoulagement : 1 sur 10", (7, 2, 0, 1)),
        ("colère à 7, peur à 2, joie à 0, soulagement à 1", (7, 2, 0, 1)),
        ("A : 60 %\nB : 20 %\nC : 15 %\nD : 5 %", (60, 20, 15, 5)),
        ("A : 62,5 %\nB : 17,5 %\nC : 15 %\nD : 5 %", (62.5, 17.5, 15, 5)),
        ("A : 60 pour cent\nB : 20 pour cent\nC : 15 pour cent\nD : 5 pour cent", (60, 20, 15, 5)),
    ],
    "zh": [
        ("愤怒：7.5\n恐惧：2\n喜悦：0\n宽慰：9.5", (7.5, 2, 0, 9.5)),
        ("愤怒：７\n恐惧：２\n喜悦：０\n宽慰：１０", (7, 2, 0, 10)),
        ("愤怒：7分\n恐惧：2分\n喜悦：0分\n宽慰：1分", (7, 2, 0, 1)),
        ("愤怒为7，恐惧为2，喜悦为0，宽慰为1。", (7, 2, 0, 1)),
        ("- 愤怒: 7/10\n- 恐惧: 2/10\n- 喜悦: 0/10\n- 宽慰: 1/10", (7, 2, 0, 1)),
        ("A：60％\nB：20％\nC：15％\nD：5％", (60, 20, 15, 5)),
        ("A: 60%，B: 20%，C: 15%，D: 5%", (60, 20, 15, 5)),
        ("Ａ：６０％\nＢ：２０％\nＣ：１５％\nＤ：５％", (60, 20, 15, 5)),
    ],
}

UNSTATED: dict[Language, list[tuple[str, str]]] = {
    "de": [("Wut: 7\nAngst: 2", "missing"), ("Das kann ich leider nicht beurteilen.", "declined")],
    "es": [("Ira: 7\nMiedo: 2", "missing"), ("No puedo responder a eso.", "declined")],
    "fr": [("Colère : 7\nPeur : 2", "missing"), ("Je ne peux pas répondre.", "declined")],
    "zh": [("愤怒：7\n恐惧：2", "missing"), ("我无法回答。", "declined")],
}


UNDECIDED: dict[Language, list[str]] = {
    "de": [
        "A und B passen beide.",
        "A oder B.",
        "B ist falsch.",
        "Die Antwort ist nicht B.",
        "Ich bin mir nicht sicher.",
    ],
    "es": [
        "A y B son correctas.",
        "Tanto A como B.",
        "B es incorrecta.",
        "La mejor opción no es B.",
        "No estoy seguro.",
    ],
    "fr": [
        "A et B conviennent.",
        "A ou B.",
        "B est fausse.",
        "La meilleure option n'est pas B.",
        "Je ne suis pas sûr.",
    ],
    "zh": ["A和B都有可能。", "A或B。", "B是错的。", "最佳选项不是B。", "最可能的是A和C。", "我不确定。"],
}
"""Replies that choose no option, or more than one."""

RANGES: dict[Language, str] = {
    "de": "Wut: 7 bis 8\nAngst: 2\nFreude: 0\nErleichterung: 1",
    "es": "Ira: 7 a 8\nMiedo: 2\nAlegría: 0\nAlivio: 1",
    "fr": "Colère : 7 à 8\nPeur : 2\nJoie : 0\nSoulagement : 1",
    "zh": "愤怒：7到8\n恐惧：2\n喜悦：0\n宽慰：1",
}


def shown(language: Language) -> Shown:
    return Shown(letters=tuple("ABCD"), texts=EMOTIONS[language])


def cases(table: dict[Language, list[tuple[str, object]]]) -> list[object]:
    return [pytest.param(language, *case, id=f"{language}-{case[0]}") for language, of in table.items() for case in of]


def test_every_language_but_english_has_at_least_twenty_replies_of_each_way_of_asking() -> None:
    for language in LANGUAGES:
        if language != "en":
            together = len(CHOICES[language]) + len(DECLINED[language]) + len(NUMBERS[language])
            assert together >= 30 and len(CHOICES[language]) >= 20


@pytest.mark.parametrize(("language", "reply", "letter"), cases(CHOICES))  # type: ignore[arg-type]
def test_the_option_that_a_reply_chooses_is_read(language: Language, reply: str, letter: str) -> None:
    found = read(reply, shown(language))
    assert isinstance(found, Read), found
    assert "ABCD"[found.position] == letter


@pytest.mark.parametrize(
    ("language", "reply"), [(language, reply) for language, of in DECLINED.items() for reply in of]
)
def test_a_reply_that_declines_is_no_answer(language: Language, reply: str) -> None:
    assert read(reply, shown(language)) == Nothing("declined")


@pytest.mark.parametrize(
    ("language", "reply"), [(language, reply) for language, of in UNDECIDED.items() for reply in of]
)
def test_a_reply_that_chooses_none_or_several_is_not_guessed_at(language: Language, reply: str) -> None:
    found = read(reply, shown(language))
    assert isinstance(found, Nothing) and found.why in ("none", "several")


@pytest.mark.parametrize(("language", "reply"), RANGES.items())
def test_a_range_is_no_number(language: Language, reply: str) -> None:
    assert stated_numbers(reply, shown(language)) == NoNumbers("unclear")


def test_an_emotion_that_is_denied_is_not_the_one_that_is_rated() -> None:
    assert stated_numbers("不愤怒：7\n恐惧：2\n喜悦：0\n宽慰：1", shown("zh")) == NoNumbers("missing")


@pytest.mark.parametrize(("language", "reply", "values"), cases(NUMBERS))  # type: ignore[arg-type]
def test_the_numbers_that_a_reply_states_are_read(language: Language, reply: str, values: tuple[float, ...]) -> None:
    found = stated_numbers(reply, shown(language))
    assert isinstance(found, Stated), found
    assert tuple(number.value for number in found.numbers) == values
    units = {number.unit for number in found.numbers}
    assert units == ({"percent"} if max(values) > 10 else units & {"none", "ten"}) and len(units) == 1


@pytest.mark.parametrize(("language", "reply", "why"), cases(UNSTATED))  # type: ignore[arg-type]
def test_what_a_reply_does_not_state_is_said(language: Language, reply: str, why: str) -> None:
    assert stated_numbers(reply, shown(language)) == NoNumbers(why)  # type: ignore[arg-type]
