from __future__ import annotations

from evenhand.memory.voice import first_person
from evenhand.plan.canary import CANARY_USERS, canary_of, canary_questions
from evenhand.plan.questions import Questions
from evenhand.plan.users import USER_PREFIX, PlanUsers
from tests.support.product_plan import product_name, product_plan

PLAN = product_plan("Sound", placements=("stored", "told"))
MODEL = product_name("Sound")


def test_every_arm_item_fact_and_way_of_handing_over_has_a_user_of_its_own() -> None:
    questions = Questions(PLAN)
    seen: dict[str, set[tuple[str, ...]]] = {}
    for cell, meeting in questions.crossing.pairs():
        request = questions.work(cell, meeting).request
        assert request.user is not None
        assert [message.role for message in request.messages] == ["user"]
        own = cell.item if meeting.arm.kind == "item_fact" else ""
        placement = "" if meeting.arm.kind == "none" else cell.condition.placement
        seen.setdefault(request.user.id, set()).add((cell.arm, own, placement))
        assert request.user.facts == tuple(fact.text for fact in meeting.arm.facts)
    assert all(len(arms) == 1 for arms in seen.values())
    assert len({next(iter(arms)) for arms in seen.values()}) == len(seen)
    assert {user.id for user in PlanUsers(PLAN).everybody(MODEL)} == set(seen)
    assert all(name.startswith(USER_PREFIX + PLAN.sha256[:8]) for name in seen)


def test_told_is_the_conversation_in_which_the_user_says_the_facts() -> None:
    told = [user for user in PlanUsers(PLAN).everybody(MODEL) if user.placement == "told"]
    assert told
    for user in told:
        assert [turn.role for turn in user.turns] == ["user", "assistant"] * len(user.facts)
    plain = next(user for user in told if user.arm.startswith("placebo/"))
    assert plain.turns[0].content == first_person(plain.facts[0])


def test_another_plan_has_other_users() -> None:
    other = {user.id for user in PlanUsers(product_plan("Sound", items=2)).everybody(MODEL)}
    assert not other & {user.id for user in PlanUsers(PLAN).everybody(MODEL)}


def test_the_canary_takes_users_of_the_run_balanced_over_placements_and_kinds() -> None:
    canary = canary_of(PLAN, MODEL)
    everybody = {user.id: user for user in PlanUsers(PLAN).everybody(MODEL)}
    assert len(canary.users) == CANARY_USERS and canary.of == len(everybody) - 1
    assert not canary.empty.facts and canary.empty.id in everybody
    words = [one.word for one in canary.users]
    assert len(set(words)) == len(words) and len({one.question for one in canary.users}) == len(words)
    for one in canary.users:
        real = everybody[one.user.id]
        assert (real.arm, real.placement) == (one.user.arm, one.user.placement)
        assert one.word in one.user.facts[0] and one.user.facts != real.facts and one.word not in one.question
        assert (one.word in "".join(turn.content for turn in one.user.turns)) == (real.placement == "told")
    assert {one.user.placement for one in canary.users} == {"stored", "told"}
    assert len({one.user.arm.partition("/")[0] for one in canary.users}) >= 3
    assert canary == canary_of(PLAN, MODEL)
    assert canary_questions(CANARY_USERS) == 48
