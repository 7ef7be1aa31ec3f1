"""Wishes for a change: drafts, campaigns held, let go and run. Each is told first and done after a yes.

Only a plain wish counts. A question (“should we pause it?”), a no (“do not pause it”), a condition (“pause it if …”) or
an exception (“all but …”) is never read as one.
"""

from __future__ import annotations

import re

from agents.understudy.talk_question import Question, Reading, call, first_match, one
from agents.understudy.talk_reviewing import HEDGED, redraft
from agents.understudy.talk_words import as_said, unquoted

_VERBS = (
    r"(?:approve|accept|reject|decline|refuse|pause|hold|halt|resume|unpause|restart|continue|"
    r"stop|end|kill|propose|submit|"
    r"draft|write|compose|prepare|redraft|rewrite|start|launch|run|dry[- ]run|set up|create|make|build)"
)
_NO_WISH = re.compile(
    rf"^(?:(?:do|did|does|should|shall|would|could|can|may|must|will|is|are|was|were) (?:not "
    rf")?(?:we|i|it|you|they|somebody|anyone)\b.*\b{_VERBS}|"
    rf"(?:do not|never|no,? do not|why|who|when|what|how|if|unless|maybe|perhaps|was|were|is|"
    rf"are)\b.*\b{_VERBS}(?:d|ed|ped|s|ing)?\b)",
    re.IGNORECASE,
)


def no_wish(asked: Question) -> Reading:
    """Words that speak of a change without wishing for it: asked about, or forbidden."""
    said = asked.said
    if re.match(r"^(?:please )?(?:no,? )?(?:do not|never|nobody should)\b", said, re.IGNORECASE):
        return "Nothing was changed, and nothing is unless you say yes to it."
    is_question = asked.asks or re.match(
        r"^(?:should|shall|would|could|can|may|must|is|are|was|were|will|(?:do|does|did) (?:not "
        r")?(?:we|i|you|it|they)|what if|what happens if)\b",
        said,
        re.IGNORECASE,
    )
    if is_question and (
        found := re.search(
            r"\b(?:pause|resume|stop|run|start|launch)\w*\b (?:the |our )?(?:campaign )?([\w\"-]+(?: "
            r"[\w-]+){0,4}?)(?: campaign)?(?: (?:now|or not|today|again|tomorrow))*$",
            said,
            re.IGNORECASE,
        )
    ):
        if re.match(
            r"^(?:what|who|which|how|why|when|where)\b", said, re.IGNORECASE
        ) and not said.lower().startswith("what happens if"):
            return None
        campaign = asked.campaign(found[1])
        return None if campaign is None else one("campaign_show", campaign=campaign)
    if (
        is_question
        and re.search(r"\b(?:approve|reject|accept|decline)\b", said, re.IGNORECASE)
        and re.match(
            rf"^(?:should|shall|would|could|can|may|must|is|are|do|will|{_VERBS})\b", said, re.IGNORECASE
        )
    ):
        return one("proposal_list")
    return None


def drafts(asked: Question) -> Reading:
    """A draft for somebody, a proposal of the last draft, another draft of a proposal."""
    said = asked.said
    if asked.asks or _NO_WISH.match(said):
        return None
    if found := first_match(
        said,
        r"(?:redraft|rewrite|re-draft)(?: (?P<x>.+?))?(?:(?::|,| -| so that| to make| and make| "
        r"but|,? please) ?(?P<hint>.+))?",
        r"(?:make|do|write) (?P<x>it|that|this|the (?:first|second|third|last) one|p_[0-9a-z]+) "
        r"(?P<hint>(?:shorter|longer|less formal|more formal|friendlier|without (?:the "
        r")?(?:numbers|figures)|again).*)",
        r"(?:another|a new|a different) draft (?:for|of) (?P<x>.+?)(?:[:,] ?(?P<hint>.+))?",
    ):
        hint = as_said(found["hint"] or "") or None
        return _again(asked, found["x"] or "it", hint)
    if first_match(
        said,
        r"(?:propose|submit|suggest|queue|put) (?:it|that|this|this one|the draft|that draft|this "
        r"draft|the message)(?: (?:for (?:review|approval)|up|to (?:the )?(?:review|reviewers|"
        r"queue)|in(?:to)? (?:the )?queue))?",
        r"(?:send|pass|give) (?:it|that|this|the draft) (?:to|for) (?:a |the )?(?:review|reviewers?|approval|queue)",
    ):
        return _propose(asked)
    if found := first_match(
        said,
        r"propose (?:something|a (?:message|draft|mail|email))(?: (?:for|to) (?P<x>.+?))?(?:(?: "
        r"(?:about|on) |[:,] ?)(?P<hint>.+))?",
    ):
        return _draft(asked, found["x"], found["hint"], "message_propose")
    if found := first_match(
        said,
        r"(?:draft|write|compose|prepare|create|make)(?: me)? (?:something|anything|a (?:\w+ "
        r")?(?:message|draft|mail|email|note)|an? (?:message|email)|one)?(?: to send)? ?(?:for|"
        r"to) (?P<x>.+?)(?:(?: (?P<about>about|on|mentioning|focused on) |[:,] ?)(?P<hint>.+))?",
        r"(?:draft|write|compose) (?P<x>her|him|them|the (?:first|second|third|fourth|last) one) "
        r"(?:something|a (?:\w+ )?(?:message|mail|email))(?:(?: (?P<about>about|on)|[:,]) "
        r"?(?P<hint>.+))?",
        r"what (?:would|will|could|should) (?:you|attune|we) (?:send|write)(?: to)? "
        r"(?P<x>(?-i:[A-Z])(?:(?! (?:and|or|but|about|on) ).)+?|her|him)(?: (?:now|next|today))?"
        r"(?: (?P<about>about|on) (?P<hint>.+))?",
        r"(?:draft|a draft for) (?P<x>(?:her|him|them|the (?:first|second|third|fourth|last) one|"
        r"[A-Z].+?))(?:[:,] ?(?P<hint>.+))?",
    ):
        about, hint = found.groupdict().get("about"), found.groupdict().get("hint")
        if about and hint:
            hint = f"mention {hint}"
        return _draft(asked, found["x"], hint, "message_draft")
    return None


def _draft(asked: Question, words: str | None, hint: str | None, tool: str) -> Reading:
    whom = words or "her"
    if re.search(r"\b(?:campaign|all|every(?:one|body)?|each)\b", whom, re.IGNORECASE):
        return (
            "I draft for one person at a time. Many people are a campaign’s work: ask me to set one "
            "up, or to run one."
        )
    role = re.fullmatch(
        r"(?:the )?(?P<role>[\w ]+?)(?: (?P<there>there)| (?:at|of) (?P<at>.+))", whom.strip(), re.IGNORECASE
    )
    if role and not role["role"][:1].isupper() and (job := _job(role["role"])):
        account = asked.account(role["there"] or role["at"])
        return None if account is None else one("contact_find", words=job, account=account)
    who = asked.contact(whom)
    return None if who is None else one(tool, contact=who, hint=as_said(hint or ""))


def _job(role: str) -> str | None:
    """The word of a job that stands in titles of every rank: `operations lead` is looked for as `operations`."""
    ranks = {
        "lead",
        "head",
        "manager",
        "director",
        "chief",
        "officer",
        "person",
        "people",
        "guy",
        "contact",
        "team",
        "of",
        "the",
        "boss",
        "woman",
        "man",
    }
    words = [word for word in role.lower().split() if word not in ranks]
    return " ".join(words) if 0 < len(words) <= 2 and len(words) < len(role.split()) else None


def _propose(asked: Question) -> Reading:
    last = asked.shown.last_call_of("message_draft", "message_propose")
    if last is None or last.name != "message_draft":
        return "There is no draft here to propose. Ask for one first: “draft something for Dana Kim”."
    return (call("message_propose", 1, **last.arguments),)


def _again(asked: Question, words: str, hint: str | None) -> Reading:
    last = asked.shown.last_call_of("message_draft", "proposal_show", "proposal_list", "message_propose")
    is_last = re.fullmatch(r"it|that|this|that one|the draft|the message", words.strip(), re.IGNORECASE)
    if last is not None and last.name == "message_draft" and is_last:
        return (call("message_draft", 1, **{**last.arguments, "hint": hint}),)
    proposal = asked.record(words, "proposal")
    return None if proposal is None else redraft(asked, proposal, hint)


def steering(asked: Question) -> Reading:
    """Hold a campaign, let it go on, end it, run it."""
    said = asked.said
    if asked.asks or _NO_WISH.match(said):
        return None
    because = r"(?:(?:,? (?:because(?: of)?|since|as|reason:?)|[:;] ?) ?(?P<why>.+))?"
    wishes = {
        "campaign_pause": rf"(?:pause|hold|halt|freeze|put on hold|suspend) (?P<x>.+?){because}",
        "campaign_resume": rf"(?:resume|unpause|continue|go on with|reactivate|go live with) (?P<x>.+?){because}",
        "campaign_stop": rf"(?:stop|end|kill|terminate|cancel|shut down) (?P<x>.+?){because}",
    }
    for tool, pattern in wishes.items():
        if found := first_match(said, pattern):
            if HEDGED.search(found["x"]) or re.search(
                r"\b(?:writing|sending|\w*mailing|contacting|people|contacts|customers|run|runs|emails?|messages?|"
                r"everything|everybody|everyone|all|not)\b",
                found["x"],
            ):
                return None if tool == "campaign_stop" else _whole(found["x"])
            campaign = asked.campaign(found["x"])
            return (
                None
                if campaign is None
                else one(tool, campaign=campaign, reason=as_said(found["why"] or "") or None)
            )
    if found := first_match(
        said,
        r"(?:do|start|make|give me|launch|try)? ?(?:a )?(?P<dry>dry[- ]run|trial run|test run|"
        r"rehearsal)(?: (?:of|for|on|with))? (?P<x>.+)",
        r"(?:run|start|launch|trigger)(?: a run (?:of|for))? (?P<x>.+?)(?: (?P<dry>dry|as a dry[- "
        r"]run|without sending(?: anything)?))?(?: for real)?(?: now)?",
    ):
        if HEDGED.search(found["x"]) or re.search(r"\b(?:trials?|not|all|every)\b$", found["x"]):
            return None
        campaign = asked.campaign(found["x"])
        return None if campaign is None else one("run_start", campaign=campaign, dry=bool(found["dry"]))
    return None


def _whole(words: str) -> Reading:
    return (
        f"I can do that for one campaign at a time, by its name, without conditions. "
        f"“{unquoted(words)}” is none I can tell. Nothing was changed."
    )
