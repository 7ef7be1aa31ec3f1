"""Content and rules for whoever asks the assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.assistant.campaigns import campaign_ref
from app.assistant.meant import bare
from app.assistant.words import (
    PAGE_ROWS,
    columns,
    contact_ref,
    first_row,
    known,
    page_words,
    paged,
    record,
    table,
)
from app.content_board import AssetCard, asset_cards
from app.rule_board import RuleCard, rule_cards, rule_page
from app.run_board import names_of
from app.run_words import WORDS
from domain.assistant import Asker, RecordKind, RecordRef, ToolAnswer
from domain.content import ContentAsset
from domain.errors import Ambiguous, NotFound
from memory.crm.cards import fold
from tools.library import ContentList, ContentShow, RuleExplain, RuleList

if TYPE_CHECKING:
    from app.wiring import House

MOST_NAMED = 5


def content_meant(house: House, said: str) -> ContentAsset:
    """Return the one asset that is meant: by its id, its title, or a part that fits one only.

    Raises:
        NotFound: none fits.
        Ambiguous: several do; it names them.
    """
    words, assets = bare(said), house.crm.assets()
    exact = [one for one in assets if one.id == words or fold(one.title) == fold(words)]
    fitting = exact or [one for one in assets if words and fold(words) in f"{fold(one.title)} {one.id}"]
    if not fitting:
        raise NotFound("content asset", said, "content_list names them all.")
    if len(fitting) > 1:
        named = [f"{one.title} ({one.id})" for one in fitting[:MOST_NAMED]]
        raise Ambiguous("content asset", said, named, len(fitting))
    return fitting[0]


def content_ref(asset: ContentAsset) -> RecordRef:
    """An asset as a record."""
    return record(RecordKind.CONTENT, asset.id, asset.title)


def rule_ref(rule_id: str, title: str) -> RecordRef:
    """A rule as a record."""
    return record(RecordKind.RULE, rule_id, title)


class Library:
    """Does the tools of `tools/library.py`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def content_list(self, asker: Asker, given: ContentList) -> ToolAnswer:
        """List content."""
        wanted = fold(given.words).split()
        cards = [
            one
            for one in asset_cards(self._house)
            if given.is_active in (None, one.asset.is_active)
            and all(
                word in fold(f"{one.asset.id} {one.asset.title} {' '.join(one.asset.topics)}")
                for word in wanted
            )
        ]
        shown = cards[first_row(given.page) : first_row(given.page) + PAGE_ROWS]
        head = columns(
            ("Content", "record"),
            "Kind",
            "Topics",
            ("Sent in 90 days", "number"),
            ("Clicked", "number"),
            "Claims",
        )
        rows = [
            (
                content_ref(one.asset),
                one.asset.kind.value.replace("_", " "),
                ", ".join(one.asset.topics),
                one.use.sent,
                one.use.clicked,
                _claims(one),
            )
            for one in shown
        ]
        return ToolAnswer(
            words=page_words(len(cards), given.page, "content asset"),
            facts=paged("content", [_card_facts(one) for one in shown], len(cards), given.page),
            tables=(table("Content", head, rows, len(cards), given.page),),
            records=tuple(content_ref(one.asset) for one in shown),
        )

    def content_show(self, asker: Asker, given: ContentShow) -> ToolAnswer:
        """Show one asset."""
        meant = content_meant(self._house, given.content)
        card = next(one for one in asset_cards(self._house) if one.asset.id == meant.id)
        asset, offer = card.asset, card.asset.offer
        claims = [
            (line.claim.text, line.claim.source, line.claim.approved_by, _until(line.claim), line.state)
            for line in card.claims
        ]
        used = [(campaign_ref(one.campaign_id, one.name), one.names_it) for one in card.used_by]
        tables = (
            table(
                "Approved claims", columns("Claim", "Source", "Approved by", "May be said", "State"), claims
            ),
            table("Campaigns that may send it", columns(("Campaign", "record"), "Names it"), used),
        )
        facts = _card_facts(card) | known(
            summary=asset.summary,
            asks_to=asset.call_to_action,
            url=str(asset.url),
            seniorities=[one.value for one in asset.seniorities],
            industries=list(asset.industries),
            language=asset.language,
            claims=[
                known(
                    id=line.claim.id, says=line.claim.text, source=line.claim.source, until=_until(line.claim)
                )
                for line in card.claims[:10]
            ],
            offer=known(name=offer.name, terms=offer.terms, until=str(offer.valid_until or ""))
            if offer
            else None,
        )
        state = "active" if asset.is_active else "not active: it is not sent"
        return ToolAnswer(
            words=f"{asset.title} ({asset.kind.value.replace('_', ' ')}) is {state}. Sent {card.use.sent:,} times in "
            f"90 days, {card.use.clicked:,} of these messages were clicked.",
            facts=facts,
            tables=tuple(one for one in tables if one.rows),
            records=(
                content_ref(asset),
                *(campaign_ref(one.campaign_id, one.name) for one in card.used_by[:10]),
            ),
        )

    def rule_list(self, asker: Asker, given: RuleList) -> ToolAnswer:
        """List rules."""
        self._house.reread()
        wanted = fold(given.words).split()
        cards = [
            one
            for one in rule_cards(self._house)
            if all(word in fold(f"{one.text.id} {one.text.title} {one.text.plain}") for word in wanted)
        ]
        shown = cards[first_row(given.page) : first_row(given.page) + PAGE_ROWS]
        rows = [
            (rule_ref(one.text.id, one.text.title), one.text.title, one.text.verdict, one.kept_back.total)
            for one in shown
        ]
        head = columns(("Rule", "record"), "What", "Does", ("Kept back in 30 days", "number"))
        return ToolAnswer(
            words=page_words(len(cards), given.page, "rule"),
            facts=paged("rules", [_rule_facts(one) for one in shown], len(cards), given.page),
            tables=(table("Rules", head, rows, len(cards), given.page),),
            records=tuple(rule_ref(one.text.id, one.text.title) for one in shown),
        )

    def rule_explain(self, asker: Asker, given: RuleExplain) -> ToolAnswer:
        """Explain one rule."""
        self._house.reread()
        found = rule_page(self._house, bare(given.rule))
        text, kept = found.card.text, found.card.kept_back
        numbers = [
            (name.replace("_", " "), _number(one.value), one.unit, one.source, str(one.set_on))
            for name, one in text.numbers.items()
        ]
        names = names_of(self._house, [line.contact_id for line in found.lines])
        lines = [
            (contact_ref(line.contact_id, names[line.contact_id]), WORDS[line.outcome][0], line.reason)
            for line in found.lines
        ]
        packs = [
            tuple(pack.get(part, "") for part in ("where", "says", "source", "set_on"))
            for pack in found.packs
        ]
        tables = (
            table("Its numbers", columns("What", "Value", "Unit", "Source", "Set on"), numbers),
            table("By country", columns("Where", "Says", "Source", "Set on"), packs),
            table("Kept back lately", columns(("Contact", "record"), "Where", "Why"), lines),
        )
        facts = _rule_facts(found.card) | known(
            says=text.plain,
            asked=text.when,
            mend=text.mend,
            numbers={
                name: f"{_number(one.value)} {one.unit}" for name, one in list(text.numbers.items())[:12]
            },
        )
        return ToolAnswer(
            words=f"{text.id}, {text.title}: {text.plain} It kept back {kept.total:,} in 30 days.",
            facts=facts,
            tables=tuple(one for one in tables if one.rows),
            records=(rule_ref(text.id, text.title),),
        )


def _card_facts(card: AssetCard) -> dict[str, Any]:
    asset = card.asset
    return known(
        content=content_ref(asset).mark,
        title=asset.title,
        kind=asset.kind.value,
        topics=list(asset.topics),
        stages=[stage.value for stage in asset.stages],
        is_active=asset.is_active,
        campaigns=[one.campaign_id for one in card.used_by][:10],
        sent_90_days=card.use.sent,
        clicked=card.use.clicked,
        claims=_claims(card),
    )


def _claims(card: AssetCard) -> str:
    said = [f"{len(card.claims)} approved"]
    said += [f"{card.expired} expired"] if card.expired else []
    said += [f"{card.ends_soon} run out within a month"] if card.ends_soon else []
    return ", ".join(said)


def _until(claim: Any) -> str:
    return f"until {claim.expires_on.isoformat()}" if claim.expires_on else "without end"


def _rule_facts(card: RuleCard) -> dict[str, Any]:
    return known(
        rule=f"[rule:{card.text.id}]",
        title=card.text.title,
        does=card.text.verdict,
        kept_back_30_days=card.kept_back.total,
        where=dict(card.kept_back.told),
    )


def _number(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value:,g}"
