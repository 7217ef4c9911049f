"""Ids of findings: one each, whatever things are called."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Absent, PointEstimate
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.identity import finding_id
from evenhand.records.measure import MEASURES, Quantity
from evenhand.records.mitigation import MITIGATIONS
from evenhand.records.profile import CUES, PLACEMENTS, READERS

ANCHOR = re.compile(r"[A-Za-z0-9_.~:/-]+")
"""What may stand in an `id` attribute and behind `#` in an address without being escaped."""

PLAIN = Finding(
    measure="factor_gap",
    model="m",
    kind="understanding",
    where=Condition(cue="stated"),
    arms=ArmContrast(arm="crossing"),
    quantity=Quantity(name="score"),
    role="exploratory",
    number=PointEstimate(value=0.1),
    sample=SampleSize(trials=4, items=2, profiles=2),
    method="x",
)

# Few characters, so that names that differ only in where a separator stands are met often.
WORDS = st.text(alphabet="ab:/.~- \u00e9", max_size=3)
CONDITIONS = st.builds(
    Condition,
    placement=st.sampled_from(PLACEMENTS),
    cue=st.none() | st.sampled_from(CUES),
    reader=st.sampled_from(READERS),
    mitigation=st.sampled_from(MITIGATIONS),
)
LEVELS = st.builds(LevelContrast, factor=WORDS, level=WORDS, reference=st.none() | WORDS)
ARMS = st.builds(
    ArmContrast, arm=st.sampled_from(("none", "profile", "pairs")), baseline=st.sampled_from((None, "none", "placebo"))
)
QUANTITIES = st.builds(
    Quantity,
    name=st.sampled_from(("score", "choice_tag")),
    scale=st.sampled_from(("probability", "rate")),
    tag=st.none() | WORDS,
)
FINDINGS = st.builds(
    Finding,
    measure=st.sampled_from(MEASURES),
    model=WORDS,
    kind=st.sampled_from(("understanding", "all")),
    where=CONDITIONS,
    arms=ARMS,
    contrast=st.lists(LEVELS, max_size=2).map(tuple),
    quantity=QUANTITIES,
    role=st.just(PLAIN.role),
    number=st.just(PLAIN.number),
    sample=st.just(PLAIN.sample),
    method=st.just(PLAIN.method),
)


def of(*levels: tuple[str, str], reference: str = "r", model: str = "m") -> Finding:
    contrast = tuple(LevelContrast(factor=factor, level=level, reference=reference) for factor, level in levels)
    return replace(PLAIN, contrast=contrast, model=model)


def differ(*findings: Finding) -> bool:
    return len({finding_id(finding) for finding in findings}) == len(findings)


def test_levels_that_share_a_first_word_have_ids_of_their_own() -> None:
    assert differ(of(("income", "high income")), of(("income", "high debt")), of(("income", "high")))


def test_a_dot_or_a_separator_in_a_name_moves_nothing_into_its_neighbour() -> None:
    assert differ(of(("a.b", "c")), of(("a", "b.c")), of(("a.b.c", "")), of(("a:b", "c")), of(("a", "b:c")))
    assert differ(of(("a", "b"), ("c", "d")), of(("a", "b/c:d")), of(("a", "b:r/c"), ("d", "")))
    assert differ(of(("a", "b"), model="x/understanding"), of(("a", "b"), model="x"))


def test_what_is_shown_in_another_way_is_another_finding() -> None:
    shown = (
        Condition(),
        Condition(cue="stated"),
        Condition(cue="implied"),
        Condition(reader="use"),
        Condition(placement="history"),
    )
    assert differ(*(replace(PLAIN, where=where) for where in shown))


def test_the_id_says_nothing_of_the_number() -> None:
    assert finding_id(replace(PLAIN, number=Absent(reason="Nothing was answered."))) == finding_id(PLAIN)


@settings(max_examples=300)
@given(FINDINGS, FINDINGS)
@example(of(("a.b", "c")), of(("a", "b.c")))
def test_findings_share_an_id_only_when_they_are_the_same(one: Finding, other: Finding) -> None:
    assert (finding_id(one) == finding_id(other)) == (one == other)


@settings(max_examples=300)
@given(FINDINGS, st.text(max_size=6))
def test_an_id_is_a_valid_anchor_whatever_things_are_called(finding: Finding, name: str) -> None:
    contrast = (LevelContrast(factor=name, level=name, reference=name),)
    for one in (finding, replace(finding, model=name, contrast=contrast)):
        assert ANCHOR.fullmatch(finding_id(one))
