"""Write `docs/gallery.md`: every respondent of the gallery, what is true of it, and what the audit says.

Usage: python scripts/gallery_page.py
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from evenhand.selftest.gallery import GALLERY, SEED, Case, Seen, audit_gallery

PAGE = Path(__file__).parents[1] / "docs" / "gallery.md"
HEAD = f"""# Gallery

Respondents of which everything is known, each audited whole: planned, asked, stored, scored, analysed and reported. The
right answer is written beside each in `evenhand.selftest.gallery`, and `evenhand selftest` checks it. They are where
judges fail: at the ceiling, at chance, stuck on one letter, with rare strong reactions, different in style or refusal.

Made by `scripts/gallery_page.py` with seed {SEED}.
"""


def command(case: Case) -> str:
    """A command that audits the same respondent with a preset's design."""
    options = "&".join(f"{name}={value}" for name, value in case.options.items())
    return f"evenhand audit {shlex.quote('simulated/custom?' + options)}"


def section(seen: Seen) -> Iterator[str]:
    """One respondent."""
    case, answer = seen.case, seen.answer
    yield f"## {case.title}"
    yield f"```text\n{command(case)}\n```"
    yield f"**What a reader should take from it.** {case.expected.words}"
    yield f"**What the audit says: {answer.verdict or 'no verdict'}.** {answer.short}".replace("<", "\\<")
    if answer.worst is not None and answer.worst.sentence not in answer.short:
        yield f"The contrast that decides: {answer.worst.title}. {answer.worst.sentence}".replace("<", "\\<")
    yield from answer.movable


def page(seen: list[Seen]) -> str:
    """The whole page."""
    rows = [
        f"| {one.case.title} | {one.answer.verdict} | {'; '.join(one.wrong) or 'as it should be'} |" for one in seen
    ]
    table = "\n".join(["| respondent | verdict | checked |", "| --- | --- | --- |", *rows])
    return "\n\n".join([HEAD.strip(), table, *(part for one in seen for part in section(one))]) + "\n"


def main() -> None:
    """Audit the gallery and write the page."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        seen = audit_gallery(GALLERY, pool=pool, advance=lambda: print(".", end="", flush=True))
    PAGE.write_text(page(seen), encoding="utf-8")
    for one in seen:
        for wrong in one.wrong:
            print(f"\n{one.case.name}: {wrong}")


if __name__ == "__main__":
    main()
