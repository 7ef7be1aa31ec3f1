"""Questions about one person or company, and about what was decided for them and why."""

from __future__ import annotations

import re

from agents.understudy.talk_question import Question, Reading, first_match, is_name, one
from agents.understudy.talk_supposing import things_supposed
from agents.understudy.talk_words import unquoted
from domain.assistant import ToolCall

_X = r"(?P<x>.+?)"
_DECIDER = r"(?:we|you|attune|(?:the|our) learner|\w+(?:-\w+)+|[\w -]+? campaign)"
_MESSAGE = (
    r"(?: (?:something|anything|nothing|(?:a|an|the|that|this|any|no|our) (?:\w+ "
    r"){0,3}?(?:message|email|case study|guide|one|content|report|invitation|webinar|asset|"
    r"demo|checklist)|it|this|that|.+?))?"
)


def about_one(asked: Question) -> Reading:
    """Somebody's record, story, memory, signals; a company's record."""
    said = asked.said
    if found := first_match(
        said,
        rf"what do (?:we|you) (?:remember|recall|know)(?: about| of| from)? {_X} (?:on|regarding|"
        rf"concerning|about|when it comes to) (?P<about>.+)",
        rf"(?:recall|remember|search (?:the )?(?:memory|history) of) {_X} (?:on|about|regarding) (?P<about>.+)",
        rf"what (?:did|has) {_X} (?:say|said|tell us|told us|write|written)(?: to us)?(?: about| "
        rf"on)(?: the)? (?P<about>.+)",
        rf"what do we (?:remember|recall) (?:about|of) {_X}",
        rf"what do you (?:remember|recall) (?:about|of) {_X}",
        rf"what (?:did|has) {_X} (?:say|said|tell us|told us)(?: to us)?",
    ):
        about = found.groupdict().get("about") or ""
        return _of_contact(asked, found["x"], "contact_recall", about=unquoted(about))
    if found := first_match(
        said,
        rf"(?:what (?:are )?|which |show(?: me)? |tell me |any |list )?(?:the |are the )?(?:buying "
        rf")?signals?(?: do we (?:have|see))? (?:of|for|from|about|on) {_X}",
        rf"{_X}'s? signals?",
        rf"what does the evidence say (?:about|of) {_X}",
        rf"(?:is|how interested is) {_X} interested(?: in us)?",
        rf"what (?:does|is) {_X} (?:care about|want|interested in|after)",
        rf"why is {_X} interesting",
    ):
        return _of_contact(asked, found["x"], "contact_signals")
    if found := first_match(
        said,
        rf"(?:show(?: me)? |tell(?: me)? |give me |what is )?(?:the )?(?:whole |full )?(?:story|"
        rf"history|timeline) (?:of|for|about|with) {_X}",
        rf"{_X}'s? (?:story|history|timeline)",
        rf"what (?:happened|has happened|went on) (?:with|to) {_X}",
        rf"what (?:did|has) {_X} (?:do|done|been doing|been up to)(?: lately| recently| so far)?",
        rf"what did we (?:send|write)(?: to)? {_X}",
    ):
        if re.search(r"\b(?:run|campaign)\b", found["x"], re.IGNORECASE):
            return None
        return _of_contact(asked, found["x"], "contact_story")
    if found := first_match(
        said,
        rf"(?:show(?: me)?|tell me about|who is at|describe|what is|what about)(?: the)? (?:account|company) {_X}",
        rf"(?:show(?: me)?|tell me about|what about)(?: the)? {_X}'?s? (?:account|company)",
        r"(?:tell me about|show(?: me)?|what about) (?P<x>(?:that|this) (?:company|account)|"
        r"(?:the )?(?:first|second|third|fourth|fifth|last|\d+(?:st|nd|rd|th)) (?:company|"
        r"account))",
    ):
        account = asked.account(found["x"])
        return None if account is None else one("account_show", account=account)
    if found := first_match(
        said,
        rf"(?:who is|who are|tell me(?: more)? about|what do (?:we|you) know (?:about|of)|show me|"
        rf"show|describe|more (?:about|on)|"
        rf"what about|details (?:of|on|about)|open|look up|info(?:rmation)? (?:on|about)) {_X}",
    ):
        return _record(asked, found["x"])
    return None


_NO_PERSON = re.compile(
    r"\b(?:campaigns?|runs?|proposals?|results?|funnel|learner|rules?|content|library|"
    r"contacts|accounts|companies|people|"
    r"customers|leads|mqls|sqls|opportunities|subscribers|ready|likely|about to|going to|"
    r"waiting|metrics|signals?|story|history|pages?|all|"
    r"managers|directors|heads|analysts|engineers|executives|officers|presidents|vps|c[efotim]os|"
    r"everyone|everybody|assets?|you|we|quiet|decisions?|churn|holdout|lift)\b",
    re.IGNORECASE,
)


def _record(asked: Question, words: str) -> Reading:
    """One record by the words for it: a contact, or a company where companies were shown last."""
    if _NO_PERSON.search(words):
        return None
    newest = asked.shown.last_call
    is_company = newest is not None and newest.name.startswith("account_")
    if is_company and asked.shown.meant(words, "account") is not None:
        return one("account_show", account=asked.account(words))
    if re.match(r"^a_\w+$", words):
        return one("account_show", account=words)
    if any(one.label.casefold() == unquoted(words).casefold() for one in asked.shown.latest("account")):
        return one("account_show", account=asked.account(words))
    return _of_contact(asked, words, "contact_show")


def _of_contact(asked: Question, words: str, tool: str, **more: str) -> Reading:
    who = asked.contact(words)
    return None if who is None else one(tool, who=who, **more)


_SECOND_HALF = re.compile(
    r",? ?\b(?:and not|but not|and|but|while|whereas|instead of|rather than|unlike|not the|not an?)\b|[,;]",
    re.IGNORECASE,
)
_ENDED = r"(?:chosen|picked|written to|contacted|held out|left out|refused|skipped)"
_NO_PAIR = re.compile(
    r"\b(?:and|but)\b|^(?:an?|this|that|some|no|not|something|nothing|another)\b|"
    r"^the (?!(?:first|second|third|fourth|fifth|last|other|\d+\w*|one)\b)",
    re.IGNORECASE,
)


def decided(asked: Question) -> Reading:
    """Why somebody got what they got, why two differ, what if."""
    said = asked.said
    if found := first_match(
        said,
        rf"what (?:if|would (?:have )?(?:happen(?:ed)?|been decided|we (?:have )?(?:send|sent|do|"
        rf"done)) (?:if|had)) {_X} (?:had|were|was|did|has|would have|clicked|replied|visited|been|"
        rf"got)\b(?P<had>.*)",
        r"what if (?:the company|the account|the firm|their company|the company of|the account "
        r"of)(?: of)? (?P<x>.+?) (?:had|were|was|has)\b(?P<had>.*)",
        rf"(?:suppose|imagine|assume|pretend)(?: that)? {_X} (?:had|were|was|did|has|clicked|"
        rf"replied|visited|got)\b(?P<had>.*)",
    ):
        return _supposed(asked, found["x"], said[found.end("x") :])
    if first_match(
        said,
        r"compare (?:them|both|the two|these(?: two)?|those(?: two)?)",
        r"why are they (?:treated )?different(?:ly)?",
    ):
        return _compare(asked, "one of them", "the other")
    if found := first_match(
        said,
        r"compare (?P<one>.+?) (?:and|with|to|against) (?P<two>.+)",
        r"why did (?P<one>.+?) and (?P<two>.+?) (?:not )?(?:get|receive|have) (?:something |anything )?"
        r"(?:different|another|(?:the )?same)\b.*",
        r"why did (?P<one>.+?) (?:get|receive|have)\b.*?,? (?:and|but|while|when|whereas) "
        r"(?P<two>.+?) (?:did not|got|get|receive|received|gets|has|had|nothing|something|anything|another|not|none|"
        r"only|just|the|that|this|an?)\b.*",
        r"why did (?P<one>.+?) (?:get|receive|have)\b.*?,? (?:and not|but not|not|instead of|rather than|unlike) "
        r"(?P<two>(?-i:[A-Z])[\w'.-]*(?: (?-i:[A-Z])[\w'.-]*)*|\S+@\S+|c_\w+)",
        r"why did we (?:send|give|write) (?P<one>.+?) (?:the|an?|it|that|this|something|nothing)\b.*?,? "
        r"(?:and|but|while|whereas) (?P<two>.+?) (?:the|an?|it|that|this|something|nothing|another)\b.*",
        rf"why (?:is|was|were) (?P<one>.+?) {_ENDED},? (?:and|but|while|whereas) "
        rf"(?P<two>.+?) (?:(?:was|is|were) )?(?:not|{_ENDED})",
        r"why (?:is|was|were|are) (?P<one>.+?) (?:treated )?(?:differently|different) (?:from|to|than) (?P<two>.+)",
        r"(?:what is )?the difference between (?P<one>.+?) and (?P<two>.+)",
        r"how (?:do|does|did) (?P<one>.+?) (?:and|differ from) (?P<two>.+?)(?: differ)?",
    ):
        between, left = said[found.end("one") : found.start("two")], said[found.end("two") :]
        is_more = len(_SECOND_HALF.findall(between)) > 1 or _SECOND_HALF.search(left) is not None
        return None if is_more else _compare(asked, found["one"], found["two"])
    if found := first_match(
        said,
        rf"why (?:did|does|has|had|was|were|is) (?:not )?{_X} (?:not |never )?(?:get|got|gotten|"
        rf"receive|received|chosen|picked|written to|contacted|held out|left out|refused|skipped|"
        rf"silent|sent|decided)\b{_MESSAGE}",
        rf"why (?:did|have|has) (?:we|you|attune) (?:not |never )?(?:send|sent|write to|written to|write|contact|"
        rf"contacted|mail|email|choose|give|pick) {_X}(?: "
        rf"(?:the|a|an|that|this|nothing|anything|something)\b.*)?",
        rf"why (?:did|does|has) {_DECIDER} (?:leave|left) {_X} out",
        rf"why (?:did|does|has) {_DECIDER} (?:skip|skipped|ignore|ignored|leave out|left out) {_X}",
        rf"why (?:nothing|no (?:message|email)|silence|(?:the|that|this|a) [\w -]+?) (?:for|to) {_X}",
        rf"(?:explain|show)(?: me)? (?:the |our )?(?:last |latest )?(?:decision|choice) (?:for|about|on|of) {_X}",
        rf"explain (?:what (?:we|was) (?:decided|did) for )?{_X}",
        rf"why {_X}",
    ):
        who = found["x"]
        # A half that is no comparison we read is not passed over: all is answered, or nothing.
        if _SECOND_HALF.search(said[found.start("x") :]):
            return None
        if re.fullmatch(r"(?:one|the one) of (?:them|these|those)", who, re.IGNORECASE):
            who = "the first one"
        if re.search(
            r"\b(?:campaigns?|runs?|rule|we|our|learner|may|can|not|this happen)\b", who, re.IGNORECASE
        ):
            return None
        if re.fullmatch(r"[A-Z]{1,3}-?\d{1,3}", unquoted(who)):
            return None
        return _explained(asked, who)
    if found := first_match(
        said,
        rf"(?:list|show(?: me)?|which|what) (?:all )?(?:the |were (?:the )?|our )?decisions?(?: "
        rf"did we make| were made)?(?: (?:for|about|on|of) {_X})?",
        rf"what (?:did we decide|was decided|have we decided) (?:for|about|on) {_X}",
    ):
        if found["x"] is None:
            return (
                "Whose? Ask for the decisions about one person, or of one campaign: “decisions of "
                "trial-to-meeting”."
            )
        return _decisions(asked, found["x"])
    return None


def _supposed(asked: Question, words: str, had: str) -> Reading:
    who = asked.contact(words)
    if who is None:
        return None
    supposed = things_supposed(had)
    if not supposed:
        return (
            "I can suppose what somebody did or did not do, their stage, how high they stand, or the "
            "size of their company: “what if "
            "Dana had replied”, “what if she were an MQL”, “what if the company had 500 employees”."
        )
    return one("decision_suppose", who=who, supposed=supposed)


def _compare(asked: Question, first: str, second: str) -> Reading:
    shown = asked.shown.latest("contact")
    pair = (first.strip().lower(), second.strip().lower())
    if pair[0] in {"one of them", "one", "the one"} and re.match(r"(?:the )?(?:other|second)", pair[1]):
        if len(shown) != 2:
            return "Which two do you mean? Say their names: “why did Ana get it and Ben nothing?”"
        return call_pair(shown[0].id, shown[1].id)
    if any(_NO_PAIR.search(words) for words in pair):
        return None
    if not (is_name(unquoted(first)) and is_name(unquoted(second))):
        return None
    who, other = asked.contact(first), asked.contact(second)
    return None if who is None or other is None else call_pair(who, other)


def _explained(asked: Question, words: str) -> Reading:
    who = asked.contact(words)
    return None if who is None else one("decision_explain", who=who)


def _decisions(asked: Question, words: str) -> Reading:
    if re.search(r"\bcampaign\b", words, re.IGNORECASE):
        campaign = asked.campaign(words)
        return None if campaign is None else one("decision_list", campaign=campaign)
    who = asked.contact(words)
    return None if who is None else one("decision_list", who=who)


def call_pair(first: str, second: str) -> Reading:
    """Two people compared."""
    return (ToolCall(id="understudy_1", name="decision_compare", arguments={"one": first, "other": second}),)
