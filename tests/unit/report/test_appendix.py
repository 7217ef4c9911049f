from __future__ import annotations

import re

from evenhand.report.appendix import appendix_section
from evenhand.report.blocks import Grid, Section
from evenhand.report.context import page_of
from evenhand.report.source import source_of
from tests.support.findings_fixture import bare_findings, full_findings, quick_findings
from tests.support.tried_fixture import tried_findings


def rows(section: Section) -> dict[str, tuple[str, ...]]:
    return {row[0]: row[1:] for block in section.blocks if isinstance(block, Grid) for row in block.rows}


def test_every_heading_says_what_is_there_where_and_what_is_not() -> None:
    found = rows(appendix_section(source_of(full_findings())))
    assert [name for name in found if name.startswith("MS-2.11")] == [
        name for number in range(1, 6) for name in found if name.startswith(f"MS-2.11-00{number}:")
    ]
    assert [name[:16] for name in found if name.startswith("Article")] == ["Article 10(2)(f)", "Article 10(2)(g)"]
    assert all(all(cells) for cells in found.values())


def test_the_parts_that_are_named_are_parts_of_the_page() -> None:
    page = page_of(tried_findings())
    names = {section.nav for section in page.sections} | {
        "First screen",
        "Ratings",
        "Writing",
        "Factors",
        "Items and options",
    }
    (appendix,) = (section for section in page.sections if section.id == "appendix")
    for _, where, _ in rows(appendix).values():
        for part in re.split(r", ", where.replace(", and the sections named above", "")):
            assert part == "-" or part in names | {"What was tried", "What was asked"}, part


def test_only_what_was_compared_is_said_to_be_compared() -> None:
    whole, quick = (rows(appendix_section(source_of(one))) for one in (full_findings(), quick_findings()))
    name = "MS-2.11-002: performance and quality by group and subgroup"
    assert "combinations of these" in whole[name][0]
    assert whole[name][1] == "Gaps, Factors, Intersections"
    assert quick[name][1] == "Gaps" and "combinations" not in quick[name][0]


def test_what_was_tried_is_named_and_nothing_else() -> None:
    assert "No policy against a gap was tried" in str(rows(appendix_section(source_of(quick_findings()))))
    tried = tried_findings().tried[0].policy
    assert (
        tried
        in rows(appendix_section(source_of(tried_findings())))[
            "Article 10(2)(g): measures to detect, prevent and mitigate"
        ][0]
    )


def test_compliance_is_not_claimed_and_no_repealed_act_is_named() -> None:
    for findings in (full_findings(), bare_findings()):
        section = appendix_section(source_of(findings))
        words = " ".join([*section.lead, *(cell for row in rows(section).values() for cell in row)])
        assert not re.search(r"\bcompl(y|ies|iant)\b|\bconform|\bColorado\b|\bsatisf|\bfulfil", words, re.IGNORECASE)
        assert "no statement that a requirement is met" in words
