from __future__ import annotations

import msgspec
import pytest

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.findings import Findings
from evenhand.records.measure import Quantity
from evenhand.report.blocks import Bars, Block, Facts, Forest, Grid, Heat, Note, Page, Prompts, Verdicts
from evenhand.report.context import page_of
from tests.support.findings_fixture import (
    bare_findings,
    empty_findings,
    full_findings,
    quick_findings,
    renumbered,
    summary,
)


def blocks(page: Page, section: str) -> tuple[Block, ...]:
    return next(one.blocks for one in page.sections if one.id == section)


def verdicts(findings: Findings) -> Verdicts:
    first = blocks(page_of(findings), "verdict")[0]
    assert isinstance(first, Verdicts)
    return first


def test_sections_stand_in_the_agreed_order() -> None:
    assert [section.id for section in page_of(full_findings()).sections] == [
        *("verdict", "gaps", "factors", "memory", "intersections", "items", "missing", "power", "asked", "models"),
        *("limits", "appendix", "reproduce"),
    ]


def test_one_model_is_not_put_beside_itself() -> None:
    assert "models" not in [section.id for section in page_of(quick_findings()).sections]


def test_every_model_has_a_card_with_a_line_for_each_kind() -> None:
    cards = verdicts(full_findings()).cards
    assert [(card.model, card.shape) for card in cards] == [
        ("specimen/tilted", "difference"),
        ("specimen/level", "difference"),
        ("simulated/noisy", "difference"),
    ]
    assert [[line.label for line in card.lines] for card in cards] == [["Understanding items", "Management items"]] * 3


def test_the_headline_leaves_out_exploratory_gaps_and_other_readers() -> None:
    findings = quick_findings()
    (gap, *_) = (f for f in findings.findings if f.measure == "gap")
    beside = msgspec.structs.replace(gap, quantity=Quantity(name="p_score"), role="exploratory")
    where = msgspec.structs.replace(gap.where, reader="use")
    told = msgspec.structs.replace(gap, where=where, role="exploratory")
    more = msgspec.structs.replace(findings, findings=(*findings.findings, beside, told))
    assert len(verdicts(more).cards[0].lines) == len(verdicts(findings).cards[0].lines)
    (forest, *_) = blocks(page_of(more), "gaps")
    assert isinstance(forest, Forest)
    rows = [row for group in forest.groups for row in group.rows]
    assert len(rows) == 4 and any("reader use" in row.detail for row in rows)


def test_without_paired_gaps_the_factors_answer() -> None:
    (card,) = verdicts(bare_findings()).cards
    assert card.answer == "Not settled by this run: 10 of 16 comparisons are open." and not card.lines
    (largest,) = (fact.value for fact in card.facts if fact.name == "Largest contrast")
    assert "users in memory the score is" in largest and "95% interval" in largest


def test_with_nothing_at_all_the_page_says_so() -> None:
    findings = msgspec.structs.replace(bare_findings(), findings=())
    page = page_of(findings)
    assert verdicts(findings).cards == ()
    assert page.standfirst.startswith("0 findings")


def test_a_model_without_contrasts_is_told_that_the_question_was_not_asked() -> None:
    findings = bare_findings()
    only = tuple(f for f in findings.findings if f.measure == "mixed_model")
    (card,) = verdicts(msgspec.structs.replace(findings, findings=only)).cards
    assert card.answer == "This design does not ask the question."


def test_what_could_not_be_estimated_has_a_row_and_a_reason() -> None:
    (card,) = verdicts(empty_findings()).cards
    assert card.answer == "No estimate could be made."
    assert card.lines[0].sentence == "No gap could be estimated: no answer could be read."


def test_warnings_stand_beneath_the_verdict() -> None:
    notes = [block for block in blocks(page_of(full_findings()), "verdict") if isinstance(block, Note)]
    assert notes[0].text == "The noise floor rests on two repeats of the no-memory arm."


def test_a_title_of_model_names_alone_is_introduced() -> None:
    findings = full_findings(("specimen/tilted", "specimen/level"))
    assert findings.run is not None
    bare = msgspec.structs.replace(findings.run, title="specimen/tilted, specimen/level")
    page = page_of(msgspec.structs.replace(findings, run=bare))
    assert page.title == "Memory and emotional reasoning: specimen/tilted and specimen/level"
    assert page_of(findings).title == "Memory and emotional reasoning of 2 models"


def test_items_with_a_fact_of_their_own_have_a_scale_of_their_own() -> None:
    findings = full_findings(("specimen/tilted",))
    (effect, *_) = (f for f in findings.findings if f.measure == "memory_effect")
    own = msgspec.structs.replace(
        renumbered(effect, value=0.94, low=0.9, high=0.98),
        measure="fact_effect",
        kind="benefit",
        arms=ArmContrast(arm="item_fact", baseline="none"),
        quantity=Quantity(name="fact_used"),
    )
    shown = blocks(page_of(msgspec.structs.replace(findings, findings=(*findings.findings, own))), "memory")
    forests = {block.id: block for block in shown if isinstance(block, Forest)}
    assert forests["memory-forest"].axis.high < 0.5 < forests["own-fact-forest"].axis.high


def test_a_row_without_an_estimate_says_so() -> None:
    (forest, *_) = blocks(page_of(empty_findings()), "gaps")
    assert isinstance(forest, Forest)
    assert {row.detail for group in forest.groups for row in group.rows} == {"not estimated"}


def test_factor_rows_name_levels_by_label_under_their_reference() -> None:
    (forest, *_) = blocks(page_of(full_findings(("specimen/tilted",))), "factors")
    assert isinstance(forest, Forest)
    assert [group.title for group in forest.groups] == [
        "Gender, against male",
        "Age, against 34 to 65",
        "Religion, against Christian",
        "Ethnicity, against White",
    ]
    assert [row.label for row in forest.groups[0].rows] == ["female", "female", "non-binary", "non-binary"]


def test_the_noise_floor_is_a_landmark_in_every_row_of_its_group() -> None:
    findings = full_findings(("specimen/tilted",))
    shown = blocks(page_of(findings), "memory")
    forest = next(b for b in shown if isinstance(b, Forest) and b.id == "flip-forest")
    assert forest.guide_label == "noise floor"
    for group in forest.groups:
        assert {row.mark.guide for row in group.rows} == {group.rows[0].mark.centre}


def test_the_matrix_has_gender_and_age_down_and_the_reference_first() -> None:
    heat = next(b for b in blocks(page_of(full_findings()), "intersections") if isinstance(b, Heat))
    assert heat.row_names == ("Gender", "Age") and heat.column_names == ("Religion", "Ethnicity")
    assert heat.rows[0][0] == ("male", "34 to 65") and heat.columns[0] == ("Christian", "White")
    assert len(heat.rows) == len(heat.columns) == 9
    assert len(heat.table.rows) == 81


def test_a_missing_cell_is_not_a_zero() -> None:
    findings = full_findings(("specimen/tilted",))
    silent = msgspec.structs.replace(findings.cells[5], raw=None, pooled=None, low=None, high=None, trials=0)
    shown = msgspec.structs.replace(findings, cells=(*findings.cells[1:5], silent, *findings.cells[6:81]))
    heat = next(b for b in blocks(page_of(shown), "intersections") if isinstance(b, Heat))
    cells = {cell.tip: cell for _, row in heat.rows for cell in row}
    assert cells["Not asked in this design"].text == "–"
    assert any("no estimate; nothing answered" in tip and cell.text == "–" for tip, cell in cells.items())


def test_interactions_are_named_by_their_labels() -> None:
    findings = full_findings(("specimen/tilted",))
    contrast = (
        LevelContrast(factor="gender", level="non_binary", reference="male"),
        LevelContrast(factor="religion", level="muslim", reference="christian"),
    )
    named = tuple(
        msgspec.structs.replace(f, contrast=contrast) if f.measure == "interaction" else f for f in findings.findings
    )
    shown = blocks(page_of(msgspec.structs.replace(findings, findings=named)), "intersections")
    forest = next(b for b in shown if isinstance(b, Forest) and b.id.startswith("interaction"))
    assert "gender non-binary with religion Muslim" in forest.caption.lower().replace("muslim", "Muslim")


def test_typed_results_stand_as_tables_in_their_sections() -> None:
    page = page_of(full_findings(("specimen/tilted",)))
    places = {
        section.id: [block.id for block in section.blocks if isinstance(block, Grid)]
        for section in page.sections
        if section.id in ("gaps", "items", "missing", "power")
    }
    assert places == {
        "gaps": ["table/mixed_model/specimen/tilted"],
        "items": [
            "table/item_functioning/specimen/tilted",
            "table/option_shift/specimen/tilted",
            "table/leakage/specimen/tilted",
        ],
        "missing": ["table/missing/specimen/tilted"],
        "power": ["table/power/specimen/tilted"],
    }
    bare = page_of(quick_findings())
    own = [section for section in bare.sections if section.id != "appendix"]
    kept = [block for section in own for block in section.blocks if isinstance(block, Grid)]
    assert kept == []


def test_outcomes_fill_the_bar_and_what_was_not_asked_is_named() -> None:
    findings = quick_findings()
    assert findings.run is not None
    stopped = msgspec.structs.replace(summary("m"), outcomes={"answered": 6000, "refused": 720}, planned=9720)
    run = msgspec.structs.replace(findings.run, models=(stopped,))
    bars = next(
        b for b in blocks(page_of(msgspec.structs.replace(findings, run=run)), "missing") if isinstance(b, Bars)
    )
    assert bars.bars[0].text == "6,000 answered, 720 refused and 3,000 not asked"
    assert sum(part.width for part in bars.bars[0].parts) == pytest.approx(100, abs=0.01)


def test_worst_case_bounds_are_drawn_in_the_missing_section() -> None:
    shown = blocks(page_of(full_findings()), "missing")
    forest = next(b for b in shown if isinstance(b, Forest) and b.bounds)
    assert all(row.mark.bound_low is not None for group in forest.groups for row in group.rows)
    assert not forest.explorable


def test_power_draws_confirmatory_contrasts_only() -> None:
    (forest, *_) = blocks(page_of(full_findings(("specimen/tilted",))), "power")
    assert isinstance(forest, Forest)
    assert sum(len(group.rows) for group in forest.groups) == 4


def test_models_side_by_side_have_one_row_a_contrast() -> None:
    (grid,) = blocks(page_of(full_findings()), "models")
    assert isinstance(grid, Grid)
    assert [column.name for column in grid.columns] == [
        "Contrast",
        "specimen/tilted",
        "specimen/level",
        "simulated/noisy",
    ]
    assert grid.rows[0] == (
        "Advantaged minus disadvantaged, understanding items",
        "◆ +4.6 (2.6 to 6.6)",
        "● +0.2 (−1.4 to 1.8)",
        "○ +1.8 (−2.4 to 6.1)",
    )


def test_two_contrasts_of_one_measure_are_not_taken_for_one_another() -> None:
    findings = full_findings()
    against = tuple(
        msgspec.structs.replace(renumbered(f, value=0.011), arms=ArmContrast(arm="profile", baseline="placebo"))
        for f in findings.findings
        if f.measure == "memory_effect"
    )
    more = msgspec.structs.replace(findings, findings=(*findings.findings, *against))
    (grid,) = blocks(page_of(more), "models")
    assert isinstance(grid, Grid)
    rows = {row[0]: row for row in grid.rows}
    assert "+1.1" in rows["Any profile minus placebo facts, understanding items"][1]
    assert "+1.1" not in rows["Any profile minus no memory, understanding items"][1]


def test_a_model_without_the_contrast_has_an_empty_cell() -> None:
    findings = full_findings()
    fewer = tuple(f for f in findings.findings if not (f.measure == "gap" and f.model == "simulated/noisy"))
    (grid,) = blocks(page_of(msgspec.structs.replace(findings, findings=fewer)), "models")
    assert isinstance(grid, Grid) and grid.rows[0][-1] == "–"


def test_the_reproducibility_block_holds_command_and_whole_hashes() -> None:
    findings = full_findings()
    facts = [block for block in blocks(page_of(findings), "reproduce") if isinstance(block, Facts)]
    assert facts[0].command.startswith("evenhand audit specimen/tilted")
    hashes = {fact.name: fact.value for block in facts for fact in block.facts if fact.code}
    assert hashes["Plan"] == "9f2c" * 16 and len(hashes) == 7
    assert {fact.href for block in facts for fact in block.facts if fact.href} >= {"findings.json", "plan.json"}


def test_a_bare_table_links_only_to_what_an_analysis_writes() -> None:
    facts = [block for block in blocks(page_of(bare_findings()), "reproduce") if isinstance(block, Facts)]
    assert {fact.href for block in facts for fact in block.facts if fact.href} == {
        "findings.json",
        "report.md",
        "model-card.md",
    }


def test_a_reader_prompt_is_named_with_the_example() -> None:
    findings = quick_findings()
    example = msgspec.structs.replace(findings.examples[0], where=Condition(reader="relevant"))
    shown = blocks(page_of(msgspec.structs.replace(findings, examples=(example,))), "asked")
    assert isinstance(shown[0], Prompts) and "reader relevant" in shown[0].prompts[0].meta
