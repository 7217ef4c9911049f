"""The product's own prompts: a system prompt with a mark where memory goes, and the text that memory is shown in.

Both are files of the user's. They are read and checked once, when a plan is made, and frozen into it by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from evenhand.errors import PlanError, UsageError
from evenhand.memory.templates import render
from evenhand.records.profile import PRODUCT_PLACEMENTS, Placement

__all__ = ["MEMORY_MARK", "SYSTEM_PROMPT", "WRITTEN_PLACEMENTS", "own_templates", "with_memory"]

SYSTEM_PROMPT = "memory/system-prompt.txt"
"""Name in the plan of the product's system prompt: plain text, of which the mark alone is replaced."""
MEMORY_MARK = "{{ memory }}"
"""Where memory goes in the product's system prompt."""
WRITTEN_PLACEMENTS: tuple[Placement, ...] = ("system", "narrative", "retrieved")
"""Placements that write memory into the system message, in the words of a template."""

_MARK = re.compile(r"\{\{\s*memory\s*\}\}")
_OWN_LINE = re.compile(r"^[ \t]*\{\{\s*memory\s*\}\}[ \t]*(?:\n|\Z)(?:[ \t]*\n)?", re.MULTILINE)
_SAMPLE = ("The user keeps bees.", "The user's aunt repairs clocks.")
_MOST = 200_000
"""Characters of a file; a longer one is no prompt."""


def own_templates(
    shipped: Mapping[str, str],
    *,
    system_prompt: Path | None,
    memory_template: Path | None,
    placements: Sequence[Placement],
) -> dict[str, str]:
    """The templates of a plan, with the product's own prompts in the place of ours.

    Args:
        shipped: Template name -> text.
        system_prompt: File of the product's system prompt; None: the shipped base prompt.
        memory_template: File of the text that memory is shown in: a Jinja template of `facts` (each with `text` and
            `date`) and `text` (all facts as one paragraph); None: the shipped templates.
        placements: Placements of the design.

    Raises:
        UsageError: A file cannot be read, the mark is missing or there twice, the template cannot be rendered or leaves
            a fact out, or no placement writes memory in the words of a template.
    """
    templates = dict(shipped)
    if system_prompt is not None:
        templates[SYSTEM_PROMPT] = _system_prompt(system_prompt)
        del templates["memory/base.md.j2"]
    if memory_template is not None:
        usable = (*WRITTEN_PLACEMENTS, *PRODUCT_PLACEMENTS)  # a product without a store of ours was refused before
        written = [placement for placement in placements if placement in usable]
        if not written:
            raise UsageError(
                f"--memory-template is used by the placements {', '.join(WRITTEN_PLACEMENTS)}, and the design has "
                f"{', '.join(placements)} only; add one with --placement, or leave the template out"
            )
        text = _read(memory_template, option="--memory-template")
        for placement in WRITTEN_PLACEMENTS:
            templates[f"memory/{placement}.md.j2"] = text
        _check_template(templates, path=memory_template)
    return templates


def with_memory(prompt: str, memory: str) -> str:
    """The product's system prompt with memory at its mark.

    Where there is no memory, a mark that is alone on a line goes with its line and the empty line after it, so that
    nothing tells of a memory.
    """
    text = _MARK.sub(lambda _: memory, prompt) if memory else _MARK.sub("", _OWN_LINE.sub("", prompt))
    return text.strip("\n")


def _system_prompt(path: Path) -> str:
    text = _read(path, option="--system-prompt")
    marks = len(_MARK.findall(text))
    if marks != 1:
        many = f"{marks} marks" if marks else "no mark"
        raise UsageError(f"--system-prompt {str(path)!r} has {many} {MEMORY_MARK!r}; write it once, where memory goes")
    return text.replace("\r\n", "\n")


def _check_template(templates: Mapping[str, str], *, path: Path) -> None:
    """Render the template with two facts, both of which must be seen.

    Raises:
        UsageError: It cannot be rendered, or a fact is not in the text.
    """
    facts = [{"text": text, "date": "2025-01-08"} for text in _SAMPLE]
    try:
        shown = render(templates, "system", facts=facts, text=" ".join(_SAMPLE))
    except PlanError as error:
        raise UsageError(f"--memory-template {str(path)!r}: {error}") from error
    lost = [text for text in _SAMPLE if text not in shown]
    if lost:
        raise UsageError(
            f"--memory-template {str(path)!r} leaves {'every fact' if len(lost) == len(_SAMPLE) else 'a fact'} out; "
            "write {{ text }} for all facts as one paragraph, or {% for fact in facts %}{{ fact.text }}{% endfor %}"
        )


def _read(path: Path, *, option: str) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"{option} {str(path)!r} cannot be read ({error.strerror or error}); check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{option} {str(path)!r} is not text in UTF-8 ({error.reason}); save it as UTF-8") from error
    if not text.strip():
        raise UsageError(f"{option} {str(path)!r} is empty; write the prompt into it, or leave the option out")
    if len(text) > _MOST:
        raise UsageError(f"{option} {str(path)!r} has {len(text):,} characters; a prompt may have {_MOST:,}")
    return text
