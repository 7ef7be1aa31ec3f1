"""Questions that are one call as they stand: who works where, who ended how in a run, whom a campaign reaches."""

from __future__ import annotations

import re

from agents.understudy.talk_question import Question, Reading, first_match, is_name, one
from agents.understudy.talk_words import countries_in, unquoted

_RUN = r"(?P<run>\[?(?:run:)?r\d{6}-\w+\]?)"
_ENDED = {
    "held out": "held_out",
    "refused": "refused",
    "kept back": "refused",
    "blocked": "blocked",
    "rejected": "rejected",
    "sent": "sent",
    "waiting": "waiting",
    "not reached": "not_reached",
}
_ENDS = "|".join(_ENDED)
_SAFE = r"(?:safe|low[- ]stakes|harmless|routine)"
_THINGS = r"(?:messages|emails|contacts|people)"


def direct(asked: Question) -> Reading:
    """The call such a question stands for."""
    said = asked.said
    if found := first_match(
        said,
        rf"(?:who|how many(?: {_THINGS})?|which {_THINGS}) (?:was|were|is|are|got|have been|has been) "
        rf"(?P<how>{_ENDS}) (?:in|by|during|from) (?:the )?(?:run )?{_RUN}",
    ):
        return one("decision_list", run=_bare(found["run"]), outcome=_ENDED[found["how"].lower()])
    if found := first_match(said, rf"how (?:did|was|went) (?:the )?(?:run )?{_RUN}(?: go| end)?"):
        return one("run_show", run=_bare(found["run"]))
    if first_match(
        said,
        rf"(?:which|what|how many|show(?: me)?|list) (?:of the )?(?:the )?{_SAFE} (?:proposals|ones|messages|drafts)"
        r"(?: (?:wait|are waiting|are there|are open|need a yes))?(?: for (?:me|us|review|approval))?",
    ):
        return one("proposal_list", stakes="low")
    if found := first_match(said, r"(?:show(?: me)?|open) the proposal (?P<x>p_[0-9a-z]+)"):
        return one("proposal_show", proposal=found["x"])
    if found := first_match(
        said,
        r"(?:which|what) rules (?:are there|do we have|exist|apply|hold) "
        r"(?:about|on|for|regarding) (?P<x>[\w -]+)",
    ):
        # “Which rules apply to Germany” is about a country, which no rule has in its words.
        return None if countries_in(found["x"])[0] else one("rule_list", words=unquoted(found["x"]))
    if found := first_match(
        said,
        r"(?:what|which) (?:content|assets|guides?|case stud(?:y|ies)) (?:do we have|is there|are there) "
        r"(?:about|on) (?P<x>[\w -]+)",
    ):
        return one("content_list", words=unquoted(found["x"]))
    return _of_names(asked)


NO_MORE = (
    "Nothing was changed: what people allowed us is not mine to change. Where one person asked for it, record the "
    "objection on their page, or by attune privacy object CONTACT: no message goes out from then on. A country or a "
    "group is left out by a campaign's audience, on its page or in its file; “pause …” with its name stops it whole."
)


def left_alone(asked: Question) -> Reading:
    """Wishes that somebody be written to no more: a person records those."""
    wished = first_match(
        asked.said,
        r"(?:stop|no longer) "
        r"(?:writ(?:e|ing)|mail(?:ing)?|e-?mail(?:ing)?|contact(?:ing)?|messag(?:e|ing)) (?:to )?.+",
        r"(?:unsubscribe|opt out) .+",
    )
    return NO_MORE if wished else None


def _of_names(asked: Question) -> Reading:
    """Questions with a name of a company, a campaign or a colleague in them."""
    said = asked.said
    if found := first_match(
        said,
        r"(?:who|which people|which contacts) (?:all )?(?:works?|is|are) (?:working )?(?:at|for) (?P<x>.+)",
    ):
        name = unquoted(found["x"])
        is_one = is_name(name) and not re.search(r"\b(?:risk|who|that|in|and)\b", name)
        account = asked.account(found["x"]) if is_one else None
        return None if account is None else one("contact_find", account=account)
    if found := first_match(
        said,
        r"how many (?:people|contacts) (?:do|does|would|will|could|can) (?:the |our )?(?:campaign )?"
        r"(?P<x>[^ ].*?) (?:reach|address|cover)",
    ):
        campaign = asked.campaign(found["x"])
        return None if campaign is None else one("campaign_count", campaign=campaign)
    if found := first_match(
        said,
        r"(?:which|what|how many) (?P<what>contacts|people|accounts|companies) (?:does|do|is|are) "
        r"(?P<x>(?-i:[A-Z])[\w'-]+(?: (?-i:[A-Z])[\w'-]+)*) "
        r"(?:looks? after|looking after|owns?|handles?|responsible for)"
        r"(?P<rest>.*)",
    ):
        countries, left = countries_in(found["rest"])
        if left.strip():
            return None
        tool = "account_find" if found["what"].lower() in {"accounts", "companies"} else "contact_find"
        return one(tool, owners=[found["x"]], countries=list(countries))
    if found := first_match(
        said,
        r"what do (?:we|you) (?:remember|recall) (?:about|of) (?P<x>.+?) and (?P<about>(?-i:[a-z])[\w -]*)",
    ):
        who = asked.contact(found["x"])
        return None if who is None else one("contact_recall", who=who, about=found["about"])
    return None


def _bare(run: str) -> str:
    return run.strip("[]").removeprefix("run:")
