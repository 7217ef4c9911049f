"""Training data near an audit's are refused: questions near items, facts of an audit's profiles."""

from __future__ import annotations

import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank, shipped_banks
from evenhand.errors import InputError
from evenhand.train.build import TRAINING_COHORTS
from evenhand.train.leakage import audit_banks, refuse_leaks

ITEM = load_bank("situations").items[0]


def test_a_question_near_an_item_is_refused() -> None:
    with pytest.raises(InputError, match=f"'mine': question 'q' is near item '{ITEM.id}' of the bank 'situations'"):
        refuse_leaks({"q": ITEM.stem, "r": "How do I fold a shirt?"}, [], banks=["situations"], source="'mine'")


def test_a_fact_of_an_audit_profile_is_refused_and_a_neutral_one_is_not() -> None:
    profiles = load_cohort("explicit").profiles
    facts = {fact.dimension: fact.text for fact in profiles[0].facts}
    refuse_leaks({}, [facts["neutral"]], banks=[], source="x")
    with pytest.raises(InputError, match=r"is one of the audit cohort 'explicit' .*doses-medium"):
        refuse_leaks({}, [facts["assets"]], banks=[], source="x")


@pytest.mark.parametrize("cohort", TRAINING_COHORTS)
def test_the_usual_training_cohorts_share_no_telling_fact_with_the_audits(cohort: str) -> None:
    facts = [fact.text for profile in load_cohort(cohort).profiles for fact in profile.facts]
    assert len(facts) > 200
    assert refuse_leaks({}, facts, banks=[], source=cohort) == ("explicit", "intersectional")


def test_a_specimen_is_compared_with_the_banks_that_it_reads() -> None:
    assert audit_banks("specimen/tilted") == ("situations", "needs")
    assert audit_banks("./folder") == shipped_banks()
    assert audit_banks("hf/./folder") == shipped_banks()
