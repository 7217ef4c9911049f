"""Read the prose of the project: documents, and the strings, docstrings and comments of the package.

Usage: python scripts/prose.py [FILE ...]

Without a file it reads every Markdown document and every module of `src`. Each rule is data: a name, a pattern, what to
write instead, one wrong and one right example. A space in a pattern matches any white space, so a line break hides
nothing. Code blocks and code between backticks are not prose.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("*.md", "docs/**/*.md", "examples/**/*.md", "specimens/**/*.md")
HELD = "\N{MIDDLE DOT}"
"""Takes the place of what is no prose: code, an address, a value put into a message."""

UNIT = (
    "item|arm|trial|call|model|person|persona|user|row|cell|run|prompt|answer|reply|request|finding|condition|set|pair"
    "|level|factor|line|page|file|token|sample|text|unit|group|option|column|profile|scenario|style|question|table"
    "|record|second|minute|hour|day"
)
COUNTED = (
    "rows|items|facts|pairs|wordings|trials|tables|profiles|options|tokens"
    "|examples|weights|replicates|repeats|bytes|sums|successes|users|cells|raters|queries|ms|seconds|CPU|dollars|cents"
)
THING = "(?:item|arm|trial|row|profile|set|pair|answer|finding|model|user|call|option|line|fact|point|error|problem)"
MANY = r"(?<![\w.-])(?:two|three|four|five|ten|k|\$?\d(?:[\d.,]*\d)?)"
NO_NOUN = (
    "(?:that|is|are|was|has|of|in|on|as|to|and|or|for|with|by|from|than|at|not|if|when|where|means|gives|times|only|this"
    "|without|within|half|unless|until|because|so|but|which|whose|uses|makes|takes|needs|leaves|names|holds)"
)


class Rule(NamedTuple):
    """One thing the project does not write."""

    name: str
    pattern: str
    instead: str
    wrong: str
    right: str

    def compiled(self) -> re.Pattern[str]:
        """The pattern, in which a space is any white space."""
        return re.compile(self.pattern.replace(" ", r"\s+"), re.IGNORECASE)


class Allowed(NamedTuple):
    """A phrase that a rule finds and that is right all the same."""

    pattern: str
    reason: str

    def compiled(self) -> re.Pattern[str]:
        """The pattern, in which a space is any white space; case counts."""
        return re.compile(self.pattern.replace(" ", r"\s+"))


class Passage(NamedTuple):
    """A piece of prose and the line on which it begins."""

    line: int
    text: str


class Hit(NamedTuple):
    """What a rule found."""

    rule: Rule
    line: int
    phrase: str


RULES = (
    Rule(
        name="per",
        pattern=rf"(?:\bone(?: (?!{NO_NOUN}\b)[a-z-]+)?|{MANY}(?: (?!{NO_NOUN}\b)[a-z-]+s)?|\b(?:{COUNTED}))"
        rf" an? (?:{UNIT})\b(?!-| (?:is|has|was|of|met|meets|gives|may|can|reads|model)\b)",
        instead="write 'per'",
        wrong="The exact messages, one example an arm.",
        right="The exact messages, one example per arm.",
    ),
    Rule(
        name="stands",
        pattern=r"(?<!-)\b(?:stands?|stood|standing)\b(?!-| (?:out|in for)\b| for\b)",
        instead="write 'is' or 'are', or say what it does",
        wrong="The seed stands in the plan.",
        right="The seed is in the plan.",
    ),
    Rule(
        name="what is behind",
        pattern=r"\b(?:what|who|that|which) (?:is|are|lies) behind\b|\b(?:evidence|reasons?|numbers?) behind\b",
        instead="say what it is: 'from', 'of', 'used by'",
        wrong="A table shows what is behind a number.",
        right="A table shows where a number comes from.",
    ),
    Rule(
        name="a design is used",
        pattern=r"\bask(?:s|ed|ing)? (?:their|its|his|her|this|the) (?:design|plan|questionnaire|method)\b",
        instead="a design is used, a question is asked",
        wrong="The preset asks their design.",
        right="The preset uses their design.",
    ),
    Rule(
        name="one of many",
        pattern=rf"(?<![\d.,\w-])1 (?:matched |more |other |missing )?(?:{THING}s|times)\b|\bare only (?:1|one) ",
        instead="one thing is singular",
        wrong="There are only 1 matched sets.",
        right="There is only 1 matched set.",
    ),
    Rule(
        name="many of one",
        pattern=rf"(?<![\d.,\w-])(?:[2-9]|[1-9]\d+|two|three|four|five) (?:matched )?{THING}"
        r"(?= (?:is|are|was|were|have|had)\b|[,;:]|\.(?:\s|$))",
        instead="several things are plural",
        wrong="Of these, 3 item were left out.",
        right="Of these, 3 items were left out.",
    ),
    Rule(
        name="says nothing",
        pattern=r"\bgaps? of (\d[\d.]*) to \1 points?\b|\b(?:it should be noted|needless to say|it is worth noting)\b",
        instead="say what is known, or leave the sentence out",
        wrong="Gaps of 0 to 0 points cannot be excluded.",
        right="Gaps of 0 to 3 points cannot be excluded.",
    ),
    Rule(
        name="double word",
        pattern=r"(?<![\w'-])([a-z]{2,}) \1(?![\w'-])",
        instead="write the word once",
        wrong="Each row of the the table is read.",
        right="Each row of the table is read.",
    ),
    Rule(
        name="promise",
        pattern=r"\b(?:debias(?:ed|es|ing)?|unbiased|bias-free|fair models?)\b",
        instead="docs/words.md says what to write instead",
        wrong="The result is an unbiased assistant.",
        right="No gap larger than 5 points was found.",
    ),
)

ALLOWED = (
    Allowed(r"\b[Aa]s (?:it|they) (?:stands?|stood)\b", "the usual phrase for 'as it is now'"),
    Allowed(r"\bunbiased (?:estimate|estimator|for)\b", "a property of an estimator, not of a model"),
    Allowed(r"\| (?:debias(?:ed|ing)?|unbiased|bias-free|fair model) \|", "the list of words that are never written"),
    Allowed(r"\bwhich one an? \w+ has\b", "'which one', not 'one per'"),
    Allowed(r"\b\d+ (?:and|or) 1 points\b", "the second of two numbers that share a noun"),
    Allowed(r"\btext TEXT\b", "a column of SQL: its name, then its type"),
)

_RULES = tuple((rule, rule.compiled()) for rule in RULES)
_ALLOWED = tuple(allowed.compiled() for allowed in ALLOWED)


def hits_of(passages: Sequence[Passage]) -> Iterator[Hit]:
    """What the rules find, the allowed phrases left out."""
    for passage in passages:
        for rule, pattern in _RULES:
            for match in pattern.finditer(passage.text):
                if not _is_allowed(passage.text, match):
                    line = passage.line + passage.text.count("\n", 0, match.start())
                    yield Hit(rule=rule, line=line, phrase=" ".join(match[0].split()))


def _is_allowed(text: str, match: re.Match[str]) -> bool:
    return any(
        phrase.start() < match.end() and match.start() < phrase.end()
        for pattern in _ALLOWED
        for phrase in pattern.finditer(text)
    )


def document(text: str) -> list[Passage]:
    """The paragraphs of a Markdown document, without code and addresses."""

    def held(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", HELD, match[0])

    text = re.sub(r"^ *(```|~~~).*?^ *\1 *$", lambda match: "\n" * match[0].count("\n"), text, flags=re.S | re.M)
    text = re.sub(r"`[^`]+`|\]\([^)]*\)|<[^>\n]+>|https?://\S+", held, text)
    return list(_paragraphs(text, first=1))


def module(source: str) -> list[Passage]:
    """The strings, docstrings and comments of a module; a value put into a string is held."""
    return [*_strings(ast.parse(source)), *_comments(source)]


def _strings(tree: ast.AST) -> Iterator[Passage]:
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values=values):
                inner.update(values)
                text = "".join(_literal(value) for value in values)
            case ast.Constant(value=str(text)) if node not in inner:
                pass
            case _:
                continue
        if " " in text:
            yield from _paragraphs(re.sub(r"`[^`]+`", lambda match: HELD * len(match[0]), text), first=node.lineno)


def _literal(value: ast.expr) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else HELD


def _comments(source: str) -> Iterator[Passage]:
    """Comments that have their line to themselves, one block each, and those after two spaces or more."""
    own: list[str] = []
    for number, line in enumerate([*source.split("\n"), ""], start=1):
        if alone := re.match(r"\s*#:? ?(.*)", line):
            own.append(alone[1])
            continue
        if own:
            yield Passage(line=number - len(own), text="\n".join(own))
            own = []
        if after := re.search(r"  # (.*)$", line):
            yield Passage(line=number, text=after[1])


def _paragraphs(text: str, *, first: int) -> Iterator[Passage]:
    """Blocks between empty lines; a bullet begins one of its own."""
    start = 0
    for gap in re.finditer(r"\n(?=\s*\n|\s*(?:[*+-]|\d+\.)\s)|\Z", text):
        if text[start : gap.end()].strip():
            yield Passage(line=first + text.count("\n", 0, start), text=text[start : gap.end()])
        start = gap.end()


def files() -> list[Path]:
    """Everything that is read without a file named."""
    documents = {path for pattern in DOCUMENTS for path in ROOT.glob(pattern)}
    return [*sorted(documents), *sorted((ROOT / "src").rglob("*.py"))]


def main(named: Sequence[str]) -> None:
    """Print each hit as `file:line: rule: phrase (what to write)`, and fail where there is one."""
    found = 0
    for path in [Path(name).resolve() for name in named] or files():
        text = path.read_text(encoding="utf-8")
        for hit in hits_of(module(text) if path.suffix == ".py" else document(text)):
            where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
            print(f"{where}:{hit.line}: {hit.rule.name}: {hit.phrase!r} ({hit.rule.instead})")
            found += 1
    sys.exit(f"{found} {'place' if found == 1 else 'places'} to mend" if found else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
