"""Why one contact of a campaign got this and another got that, or nothing: the rule, the arm, the facts, or the draw.

What set two choices of the learner apart is reckoned with the one that decided for the first: each fact of the second
is put in place of the first one's, alone, and how much of the lead is lost then is how much that fact counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.choosing import ONE_THING
from app.contact_view import RuleWords, rule_words
from app.reasons import ARM_WORDS, name_of
from app.recalling import Recalled, recalled_or_why_not
from app.story_words import OUTCOME_WORDS
from domain.base import Noun, UtcDatetime
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import Arm, Decision, action_of, chance_words
from domain.errors import NotFound
from domain.people import Contact
from domain.run import ContactOutcome, RunContact
from domain.why import Difference
from learning import features
from learning.bandit.counterfactual import Values
from learning.features.topics import TopicBook
from policies.eligibility import still_fits
from policies.suppression import may_profile

if TYPE_CHECKING:
    from app.wiring import House

Floats = NDArray[np.float64]

MOST_DIFFERENCES = 6
MOST_RUNS = 200


class Side(Noun):
    """What one run did with one of the two. `chance` is of what they got, `chance_of_other` of what the other got."""

    contact_id: str
    name: str
    run_id: str
    at: UtcDatetime
    outcome: ContactOutcome
    outcome_words: str
    rule: RuleWords | None = None
    decision_id: str | None = None
    arm: Arm | None = None
    arm_words: str = ""
    got: str = ""
    chance: float | None = None
    chance_of_other: float | None = None


class Comparison(Noun):
    """Two contacts in one campaign. `says` is the answer, sentence by sentence; `note` what could not be reckoned."""

    campaign_id: str
    campaign: str
    currency: str
    one: Side
    other: Side
    says: tuple[str, ...]
    differences: tuple[Difference, ...] = ()
    note: str = ""


def compare(house: House, campaign: Campaign, one: Contact, other: Contact) -> Comparison:
    """Say why two contacts fared differently in a campaign; reads the journal where the learner chose for both.

    Raises:
        NotFound: the campaign never considered one of them.
    """
    lines = _lines(house, campaign, one, other)
    decided = [house.crm.decision(line.decision_id) if line.decision_id else None for line in lines]
    assets = {asset.id: asset for asset in house.crm.assets()}
    sides = [
        _side(house, contact, line, decision, against, assets)
        for contact, line, decision, against in zip(
            (one, other), lines, decided, reversed(decided), strict=True
        )
    ]
    differences: tuple[Difference, ...] = ()
    note = ""
    first, second = decided
    if first and second and first.arm is second.arm is Arm.LEARNED:
        objected = next(filter(None, (_objected(house, contact) for contact in (one, other))), None)
        differences, note = ((), objected) if objected else _differences(house, first, second, assets)
    return Comparison(
        campaign_id=campaign.id,
        campaign=campaign.name,
        currency=campaign.goal.currency,
        one=sides[0],
        other=sides[1],
        says=(*_says(sides[0], sides[1], first, second), *_not_open(house, (one, other), decided, assets)),
        differences=differences,
        note=note,
    )


def _objected(house: House, contact: Contact) -> str | None:
    """Why nothing about a contact may be reckoned any more, where that is so."""
    refused = may_profile(contact, house.crm.standing(contact.id).suppressions)
    return f"{refused.reason} ({refused.rule_id}), so nothing is reckoned." if refused else None


def _lines(house: House, campaign: Campaign, one: Contact, other: Contact) -> tuple[RunContact, RunContact]:
    """Their lines in the newest run that considered both, else each one's newest."""
    found = []
    runs_of: dict[str, str] = {}
    for contact in (one, other):
        lines = house.runs.lines_of(contact.id, limit=MOST_RUNS)
        for line in lines:
            if line.run_id not in runs_of:
                runs_of[line.run_id] = house.runs.get(line.run_id).campaign_id
        own = [line for line in lines if runs_of[line.run_id] == campaign.id]
        if not own:
            raise NotFound(
                "decision about", contact.name, f"Campaign {campaign.id!r} has not considered this contact."
            )
        found.append(own)
    of_other = {line.run_id: line for line in found[1]}
    common = next((line for line in found[0] if line.run_id in of_other), None)
    return (common, of_other[common.run_id]) if common else (found[0][0], found[1][0])


def _side(
    house: House,
    contact: Contact,
    line: RunContact,
    decision: Decision | None,
    against: Decision | None,
    assets: dict[str, ContentAsset],
) -> Side:
    chances = {one.action_key: one.probability for one in decision.alternatives} if decision else {}
    return Side(
        contact_id=contact.id,
        name=contact.name,
        run_id=line.run_id,
        at=decision.decided_at if decision else line.updated_at,
        outcome=line.outcome,
        outcome_words=OUTCOME_WORDS[line.outcome],
        rule=rule_words(house, line.rule_id, line.reason) if line.rule_id else None,
        decision_id=line.decision_id,
        arm=decision.arm if decision else None,
        arm_words=ARM_WORDS[decision.arm] if decision else "",
        got=name_of(decision.action, assets) if decision else "",
        chance=decision.propensity if decision and decision.arm is not Arm.HOLDOUT else None,
        chance_of_other=chances.get(against.action.key, 0.0) if against and chances else None,
    )


def _says(one: Side, other: Side, first: Decision | None, second: Decision | None) -> list[str]:
    said = [_fared(one), _fared(other)]
    if first is None or second is None:
        stopped = one if first is None else other
        if stopped.rule:
            said.append(
                f"What sets them apart is a rule: {stopped.rule.rule_id} {stopped.rule.title}.".strip()
            )
        return said
    if first.arm is not second.arm:
        said.append(
            "They were in different arms, which chance assigns: no fact about them made the difference."
        )
    elif first.arm is not Arm.LEARNED:
        said.append(
            "The learner had no say for either, so what they got differs by chance or by usual practice."
        )
    elif first.action.key == second.action.key:
        said.append("The learner chose the same for both.")
    if first.action.key == second.action.key and one.outcome is not other.outcome:
        said.append("It was decided alike; what came after the decision differs.")
    return said


def _not_open(
    house: House,
    both: tuple[Contact, Contact],
    decided: Sequence[Decision | None],
    assets: dict[str, ContentAsset],
) -> Iterator[str]:
    """What one got that the other could not have: and, where the record tells, why."""
    for contact, decision, against in zip(both, decided, reversed(decided), strict=True):
        if not decision or not against or not decision.alternatives:
            continue
        asset_id = against.action.asset_id
        if asset_id is None or any(
            action_of(a.action_key).asset_id == asset_id for a in decision.alternatives
        ):
            continue
        account = house.crm.account(contact.account_id) if contact.account_id else None
        asset = assets.get(asset_id)
        why = asset and still_fits(asset, contact, account, {}, decision.decided_at.date(), house.rules)
        because = f": {why}" if why else ""
        yield f"{_title(asset, asset_id)} was not open to {contact.name}{because}."


def _title(asset: ContentAsset | None, asset_id: str) -> str:
    return f"“{asset.title}”" if asset else asset_id


def _fared(side: Side) -> str:
    if side.rule and not side.got:
        return f"{side.name}: {side.outcome_words}: {side.rule.rule_id} {side.rule.title}."
    if not side.got:
        return f"{side.name}: {side.outcome_words}."
    if side.arm is Arm.HOLDOUT:
        return f"{side.name}: held out by chance, so nothing was sent."
    ended = f"; {side.outcome_words}" if side.outcome is not ContactOutcome.SILENT else ""
    chance = f" (chance {chance_words(side.chance)})" if side.chance is not None else ""
    return f"{side.name}: {side.got}{chance}{ended}."


def _differences(
    house: House, first: Decision, second: Decision, assets: dict[str, ContentAsset]
) -> tuple[tuple[Difference, ...], str]:
    if first.action.key == second.action.key:
        return (), ""
    mine = recalled_or_why_not(house, first)
    its = mine if isinstance(mine, str) else recalled_or_why_not(house, second)
    if isinstance(mine, str) or isinstance(its, str):
        return (
            (),
            f"What the facts count for cannot be reckoned again. {mine if isinstance(mine, str) else its}",
        )
    keys = list(mine.bandit.actions)
    if second.action.key not in keys or first.action.key not in its.bandit.actions:
        return (), "One of them could not have been offered what the other got: it was not there yet."
    return _reckoned(mine, its, first.action.key, second.action.key, assets), ""


def _reckoned(
    mine: Recalled, its: Recalled, key: str, other_key: str, assets: dict[str, ContentAsset]
) -> tuple[Difference, ...]:
    """Each fact of the second contact put into the first one's place alone, and the lead that is lost then."""
    taken, other = mine.bandit.actions.index(key), mine.bandit.actions.index(other_key)
    values_of, x, fits = Values(mine.bandit, mine.unit), mine.x[0], mine.fits[0]

    def lead(of_x: Floats, of_fits: Floats) -> float:
        values = values_of(of_x[None], of_fits[None])[0]
        return float(values[taken] - values[other])

    before, found = lead(x, fits), []
    for what, columns in _things(assets).items():
        its_own = its.x[0, columns]
        if not np.array_equal(x[columns], its_own):
            changed = x.copy()
            changed[columns] = its_own
            most = columns[int(np.abs(changed - x)[columns].argmax())]
            found.append(
                Difference(
                    what=_told(what, columns, x, its.x[0]),
                    mine=float(x[most]),
                    other=float(its.x[0, most]),
                    cents=before - lead(changed, fits),
                )
            )
    for place, action_key in ((taken, key), (other, other_key)):
        its_fits = its.fits[0, its.bandit.actions.index(action_key)]
        for column in np.flatnonzero(fits[place] != its_fits).tolist():
            swapped = fits.copy()
            swapped[place, column] = its_fits[column]
            found.append(
                Difference(
                    what=features.DYAD_COLUMNS[column].label,
                    about=name_of(action_of(action_key), assets),
                    mine=float(fits[place, column]),
                    other=float(its_fits[column]),
                    cents=before - lead(x, swapped),
                )
            )
    strongest = sorted((one for one in found if one.cents > 0), key=lambda one: -one.cents)
    return tuple(strongest[:MOST_DIFFERENCES])


def _things(assets: dict[str, ContentAsset]) -> dict[str, list[int]]:
    """Columns of the vector by what they say; those that together say one thing (a stage) are one."""
    labels = features.columns(TopicBook.of(topic for asset in assets.values() for topic in asset.topics))
    things: dict[str, list[int]] = {}
    for column, told in enumerate(labels):
        start = next((start for start in ONE_THING if told.name.startswith(start)), "")
        is_one_thing = bool(start) and not told.name.startswith("stage:time")
        things.setdefault(ONE_THING[start] if is_one_thing else told.label, []).append(column)
    return things


def _told(what: str, columns: list[int], x: Floats, its: Floats) -> str:
    """A stage or a seniority with its name on either side; groups of industries and countries have none."""
    if what not in {ONE_THING["stage:"], ONE_THING["seniority:"]}:
        return what
    mine, other = (
        next((features.NAMES[i].partition(":")[2] for i in columns if one[i] == 1), "unknown")
        for one in (x, its)
    )
    return f"{what} ({mine} against {other})"
