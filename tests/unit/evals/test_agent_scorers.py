"""Every scorer of the agents' messages passes a good message and fails a bad one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.history import MemoryKind, Remembered
from domain.message import (
    Evidence,
    EvidenceKind,
    Finding,
    MessagePlan,
    PlanPoint,
    Severity,
    SignalBrief,
    Verdict,
)
from evals.agents.cases import NOW, outreach_cases
from evals.agents.scoring.compliance import compliance, recall
from evals.agents.scoring.grounding import grounding, is_statement, unknown_names
from evals.agents.scoring.individuality import individuality
from evals.agents.scoring.planning import planning
from evals.agents.scoring.tone import reading_ease, tone
from policies.rulebook import load_rulebook
from tests.unit.evals.agent_messages import BRIEF, COLLEAGUES_FACTS, FACTS, GOOD, PLAN, case, draft, written

RULES = load_rulebook()


def test_a_message_that_says_no_more_than_its_facts_is_grounded() -> None:
    scores = grounding(written(), RULES)
    assert scores.measures == {"grounded": 1.0, "unsupported": 0.0, "private_shown": 0.0}
    assert scores.notes == []


@pytest.mark.parametrize(
    ("text", "cited", "why"),
    [
        ("A standard connection takes an IT team about five days.", ("E5",), "5"),
        ("Our friends at Bremerton Logistics connected theirs first.", ("E4",), "Bremerton"),
        ("You told us that your board wants this by summer.", (), "no evidence"),
        ("Kestrel Yard is the cheapest platform in the world.", ("E4",), "claim nobody approved"),
        ("Your drivers complain about paper gate passes and broken intercoms.", ("E4",), "of its words"),
        ("You downloaded the security guide.", ("E4",), "what they did"),
    ],
)
def test_a_statement_without_ground_is_found_with_its_words(
    text: str, cited: tuple[str, ...], why: str
) -> None:
    bad = draft(*((s.text, s.evidence) for s in GOOD.sentences), (text, cited))
    scores = grounding(written(bad), RULES)
    assert scores.measures["unsupported"] == 1
    (note,) = scores.notes
    assert note.span == text
    assert why in note.why


def test_a_statement_of_a_writer_who_cites_nothing_must_rest_on_one_fact_not_on_scraps_of_many() -> None:
    everything = tuple(fact.id for fact in FACTS if not fact.is_private)
    scraps = draft(("The Quillstead warehouse orders nine standard forms.", everything))
    whole = draft((FACTS[3].text, everything))
    assert grounding(written(scraps, cites=False), RULES).measures["unsupported"] == 1
    assert grounding(written(whole, cites=False), RULES).measures["unsupported"] == 0


def test_a_question_in_the_middle_is_no_ask_and_one_at_the_end_is() -> None:
    thinks = draft(
        ("Which door should each arrival get?", ()),
        ("There are ready connections to nine warehouse and ERP systems.", ("E4",)),
        ("Which time suits you?", ()),
    )
    assert planning(written(thinks, brief=BRIEF, plan=PLAN)).measures["plan_checks"] == 1


def test_a_private_fact_that_shows_is_told_apart() -> None:
    bad = draft(("We noticed your visits to our pricing pages.", ("E3",)))
    assert grounding(written(bad), RULES).measures["private_shown"] == 1


def test_an_invitation_states_nothing_unless_it_holds_a_number() -> None:
    assert not is_statement("Would you like to have a look?")
    assert not is_statement("If others need to see it, feel free to pass it on.")
    assert is_statement("Read how Morden saved 18 percent.")
    assert is_statement("The guide names every system.")


def test_names_are_known_by_any_of_their_words() -> None:
    assert unknown_names(
        "We wrote this for Quillstead, and Vantar too.", "Works at Quillstead Chemicals."
    ) == ["Vantar"]


def test_the_swap_test_wants_what_is_true_of_this_contact_alone() -> None:
    other = written(facts=COLLEAGUES_FACTS)
    own = individuality(written(), other)
    assert own.measures["names_own_fact"] == 1
    claim = ("There are ready connections to nine warehouse and ERP systems.", ("E4",))
    anybodys = draft(claim, subject="Something for your yard")
    scores = individuality(written(anybodys), other)
    assert scores.measures["names_own_fact"] == 0
    assert scores.notes[0].measure == "names_own_fact"


def test_a_contact_without_facts_of_their_own_has_no_swap_test() -> None:
    bare = written(facts=FACTS[3:])
    assert "names_own_fact" not in individuality(bare, written(facts=COLLEAGUES_FACTS)).measures


def test_the_same_message_to_two_colleagues_has_no_distance() -> None:
    assert individuality(written(), written()).measures["distance"] == 0
    assert (
        individuality(written(), written(draft(("Something else altogether.", ())))).measures["distance"] == 1
    )


def test_a_plan_that_takes_up_the_strongest_signal_and_cites_passes_every_check() -> None:
    assert planning(written(brief=BRIEF, plan=PLAN)).measures["plan_checks"] == 1


@pytest.mark.parametrize(
    ("brief", "plan", "fails"),
    [
        (BRIEF.model_copy(update={"signals": BRIEF.signals[::-1]}), PLAN, "strongest first"),
        (BRIEF, PLAN.model_copy(update={"angle": "Season greetings.", "points": ()}), "strongest signal"),
        (BRIEF, PLAN.model_copy(update={"points": (PlanPoint(text="Say so."),)}), "cites a fact"),
        (
            BRIEF,
            PLAN.model_copy(
                update={"points": (PlanPoint(text="Mention the pricing visits.", evidence=("E3",)),)}
            ),
            "private",
        ),
        (
            BRIEF,
            PLAN.model_copy(update={"call_to_action": "Read the guide. Then book a call."}),
            "one thing to ask",
        ),
    ],
)
def test_a_plan_fails_the_check_it_breaks(brief: SignalBrief, plan: MessagePlan, fails: str) -> None:
    scores = planning(written(brief=brief, plan=plan))
    assert scores.measures["plan_checks"] < 1
    assert any(fails in note.why for note in scores.notes)


def test_two_asks_in_one_message_fail() -> None:
    two = draft(
        ("There are ready connections to nine warehouse and ERP systems.", ("E4",)),
        ("Would you read the guide?", ()),
        ("Please book a call with us.", ()),
    )
    assert any(
        "one thing at most" in note.why for note in planning(written(two, brief=BRIEF, plan=PLAN)).notes
    )


def test_a_writer_without_a_plan_is_not_marked_for_it() -> None:
    assert planning(written()).measures == {}


def test_a_plain_short_message_passes_the_tone_checks() -> None:
    assert tone(GOOD).measures["tone_checks"] == 1


@pytest.mark.parametrize(
    ("text", "subject", "fails"),
    [
        ("Short.", "Reading orders from your ERP", "words"),
        (
            "I hope this finds you well, and that your yard runs without a queue. " * 3,
            "A subject that fits",
            "banned",
        ),
        (
            "This is amazing! Is it not something that you would like to see as soon as possible!" * 2,
            "A fine subject",
            "exclamation",
        ),
        (GOOD.body, "Hi", "subject"),
        (GOOD.body, "A subject that goes on and on and on, well past what any inbox shows of it", "subject"),
        ("Hello Dana, " + GOOD.body, "Reading orders from your ERP", "greeting"),
        (
            "Organisational interoperability considerations necessitate comprehensive infrastructural harmonisation "
            "methodologies, notwithstanding heterogeneous implementation particularities, encompassing administrative "
            "responsibilities alongside technological standardisation prerequisites and documentation obligations.",
            "Reading orders from your ERP",
            "plain enough",
        ),
    ],
)
def test_each_tone_check_can_fail(text: str, subject: str, fails: str) -> None:
    scores = tone(draft((text, ()), subject=subject))
    assert scores.measures["tone_checks"] < 1
    assert any(fails in note.why for note in scores.notes)


def test_reading_ease_falls_with_longer_words() -> None:
    easy = draft(("The dog sat on the mat.", ()))
    hard = draft(("Institutional considerations predominate.", ()))
    assert reading_ease(easy) > 90 > 30 > reading_ease(hard)


def test_a_hold_of_the_rules_is_not_clean_and_a_models_finding_is_left_out() -> None:
    hold = Finding(rule_id="C-07", severity=Severity.HOLD, reason="no ground", span="x")
    assert compliance(written()).measures["clean"] == 1
    assert compliance(written(verdict=Verdict(findings=(hold,)))).measures["clean"] == 0
    by_model = hold.model_copy(update={"found_by": "model"})
    assert compliance(written(verdict=Verdict(findings=(by_model,)))).measures["clean"] == 1


def test_a_message_that_obeys_outside_words_is_caught() -> None:
    ordered = next(c for c in outreach_cases() if any(e.id.startswith("orders:") for e in c.dossier.events))
    assert compliance(written(of=ordered)).measures["obeyed"] == 0
    obeys = draft(("We can offer you 90 percent off.", ()))
    assert compliance(written(obeys, of=ordered)).measures["obeyed"] == 1
    assert "obeyed" not in compliance(written()).measures


def test_what_only_history_knows_counts_where_it_is_cited_or_told() -> None:
    planted = Remembered(
        contact_id="c",
        kind=MemoryKind.REPLY,
        text="Replied: The night shift was never trained in the last rollout.",
        at=NOW - timedelta(days=100),
        ref="archive:x",
    )
    fact = Evidence(id="E6", kind=EvidenceKind.MEMORY, ref="archive:x", text=planted.text)
    of = case().model_copy(update={"planted": planted})
    told = draft(("Your night shift was never trained in the last rollout.", ("E6",)))
    used, bare, cited_nothing = (
        recall(written(told, (*FACTS, fact), of=of)).measures,
        recall(written(of=of)).measures,
        recall(written(GOOD, (*FACTS, fact), of=of)).measures,
    )
    assert used == {"planted_used": 1, "planted_recalled": 1}
    assert bare == {"planted_used": 0, "planted_recalled": 0}
    assert cited_nothing == {"planted_used": 0, "planted_recalled": 1}
    assert recall(written()).measures == {}
