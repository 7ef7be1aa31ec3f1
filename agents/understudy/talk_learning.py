"""Questions about what was learned: what works, how sure that is, what changed, what silence brings and why so many
get it, and how the learner does beside usual practice.

None needs a campaign: the one that was shown is meant, or the tool tells of those that decided anything.
"""

from __future__ import annotations

import re
from datetime import date

from agents.understudy.talk_question import Question, Reading, call, first_match, of_campaign, one
from agents.understudy.talk_words import calendar_in, countries_in
from domain.assistant import ToolAnswer, ToolCall

_WHO = r"(?:(?:(?:the|our|your|my) )*(?:learner|learning|bandit|model|system)|you|attune|it)"
_SHOW = (
    r"(?:(?:show|list|give|tell|get)(?: me| us)? (?:about )?|what (?:is |are )?|how (?:is|are) |"
    r"let me see |open |see |what about )?"
)
_LATELY = r"(?: (?:lately|recently|so far|yet|now|already|by now|here))*"
_PEOPLE = r"(?: of (?:the|our|them))?(?: (?:people|contacts|leads|mqls|customers|of them))?"
_MARKET = r"(?: (?:in|with|about|of) (?:the|our) market)?"
_RUN = r"(?: (?:this week|today|this time|lately|in (?:the |our )?(?:last|latest|newest|most recent) run))?"
_NOT_WRITTEN = r"(?:written to|contacted|e?mailed|messaged|sent (?:anything|a message|an email))"
_NOBODY = r"(?:nobody|no ?one|hardly any(?:one|body)|almost no(?:body| ?one)|so few(?: people| contacts)?)"
_MESSAGES = r"(?:messages|emails|mails)"

_SILENCE = (
    r"what (?:does|do|did|would) (?:silence|staying silent|sending nothing) (?:bring|earn|do|give|add|yield)(?: us)?",
    r"(?:what|how much) is (?:silence|staying silent|sending nothing)(?: believed to be)? worth(?: to us)?",
    r"why (?:is there |are we seeing |do we (?:see|have) )?(?:so|this|that) much silence",
    rf"why (?:are|were) (?:so many|most|these){_PEOPLE} (?:left (?:in silence|alone|out)|silent|not {_NOT_WRITTEN})"
    rf"{_RUN}",
    rf"why (?:do|did) (?:so many|most){_PEOPLE} (?:get|receive|hear) (?:nothing|silence|no {_MESSAGES})"
    rf"(?: from us)?{_RUN}",
    rf"why (?:do|does|did|are|is) {_WHO} (?:stay(?:ing)?|remain(?:ing)?|keep(?:ing)?|so|choos(?:e|ing)) "
    r"(?:so )?(?:silent|silence|quiet)(?: (?:so|this|that) (?:often|much))?",
    rf"why (?:do you send |did you send |do we send |does it send |are there |were there |are you sending )?so few "
    rf"{_MESSAGES}(?: (?:sent|going out|go out|went out|written))?{_RUN}",
    rf"why (?:was|were|is|are) {_NOBODY} {_NOT_WRITTEN}{_RUN}",
    r"why (?:is|was) (?:the )?(?:campaign )?(?P<x>\w+(?:-\w+)+) (?:so )?(?:silent|quiet)",
    rf"why (?:did|does|do) {_NOBODY} (?:get|receive|hear) (?:(?:a|any|our) (?:message|email)s?|an email|anything|"
    rf"{_MESSAGES})(?: from us)?{_RUN}",
)
_CHANGED = (
    rf"what (?:has |have |was |is )?(?:chang(?:ed|ing)|shifted){_MARKET}{_LATELY}",
    rf"(?:did|has|is) (?:the|our) market (?:chang(?:ed?|ing)|shift(?:ed|ing)?|mov(?:ed?|ing)){_LATELY}",
    rf"(?:did|has|is) (?:anything|something) (?:chang(?:ed?|ing)|shift(?:ed|ing)?){_MARKET}{_LATELY}",
    rf"(?:(?:were|was|are|is|have) there (?:been )?)?(?:any|an?) (?:alarms?|shifts?|changes?|drift){_MARKET}"
    rf"(?: noticed)?{_LATELY}",
    rf"(?:which|what) (?:alarms|shifts|changes){_MARKET} (?:were there|were noticed|did you (?:notice|see)|"
    rf"have you (?:noticed|seen)){_LATELY}",
)
_SURE = (
    rf"how (?:sure|confident|certain) (?:are|is) {_WHO}(?: (?:of|about) (?:that|this|it|what works))?{_LATELY}",
    rf"how (?:sure|confident|certain) (?:are|is) {_WHO} (?:of|about) (?:the )?(?:campaign )?(?P<x>\w+(?:-\w+)+)",
    rf"how much (?:do|does|did|has|have) (?:{_WHO}|we) (?:know|understand|learn|learned|learnt){_LATELY}",
    rf"(?:is|are) {_WHO} (?:still )?(?:confident|sure|certain|guessing|learning)(?: enough)?{_LATELY}",
)
_BELIEVED = (
    r"what (?:does|has|did|do) (?:the |our )?(?:learner|learning|bandit|you|we|system|model) "
    r"(?:believe|learn|learned|learnt|know|think)(?: so far| now| works?| to work)?",
    rf"{_SHOW}(?:all )?(?:the |our |my |any |of the )*(?:learner|learner status|learning|bandit)"
    r"(?: (?:doing|status|believe|learning))?",
    r"what (?:works|worked|works best|has been learned|was learned|did we learn|have we "
    r"learned|have we learnt)(?: so far| best)?",
    r"(?:what|which)(?: of (?:the|our))? (?:content|assets?|guides?|case stud(?:y|ies)|offers?|messages?) "
    r"(?:works?|worked|is working|performs?|performed|does|do|did) (?:the )?best(?: (?:for us|so far|now))*",
)
_ALL = (*_SILENCE, *_CHANGED, *_SURE, *_BELIEVED)

_OTHER = (
    r"(?:(?:our|the|your|my|a|an|its) )*(?:old |usual )?(?:usual practice|practice|way|rules?|random(?: draws?)?|"
    r"chance|coin flips?|doing nothing|sending nothing|nothing|silence|holdout|control(?: group)?|what we did before)"
)
_IN = r"(?: (?:of|for|in) (?P<x>.+?))?"
_VERSUS = r"(?:against|with|to|compared (?:to|with)|versus|vs\.?|beside|than)"
_BESIDE_USUAL = (
    rf"how (?:does|do|did|is|are) {_WHO}{_IN} (?:do|doing|compare|perform|performing|fare|faring) {_VERSUS} {_OTHER}",
    rf"(?:is|are|was|does|do|did) {_WHO}{_IN} (?:really |actually |do |doing |any )*(?:better|worse) (?:off )?than "
    rf"{_OTHER}",
    rf"(?:does|do|did|is) {_WHO}{_IN} (?:really |actually )?(?:beat(?:ing)?|outperform(?:ing)?) {_OTHER}",
    rf"(?:compare )?{_WHO}{_IN} (?:against|compared (?:to|with)|versus|vs\.?|and|with|to) {_OTHER}",
    rf"(?:is|does|did) (?:the )?(?:campaign )?(?P<x>[\w]+(?:-[\w]+)+) (?:do |any )*(?:better|worse) than {_OTHER}",
)


_ANY_GOOD = (
    rf"(?:is|are|was) {_WHO} (?:really |actually )?(?:any good|good|useful|worth it|paying off|working){_LATELY}",
    rf"(?:does|do|did) {_WHO} (?:really |actually )?(?:work|help|pay off|bring anything|learn anything){_LATELY}",
)
_HELD_OUT = (
    "The holdout are contacts who get nothing, by a fixed draw, so that what messages bring can be measured beside "
    "them. “Who was held out in” with a run's id lists those of a run; “show the runs” has the ids."
)


def learning(asked: Question) -> Reading:
    """What is believed, how sure that is, what changed, what silence brings; the learner beside usual practice."""
    said = asked.said
    if found := first_match(said, *_ALL):
        named = found.groupdict().get("x")
        return one("learning_show", campaign=named or _shown(asked))
    if first_match(said, *_ANY_GOOD):
        return one("result_show", campaign=_shown(asked))
    if first_match(
        said, r"(?:what|who) is (?:in )?(?:the|a|our) (?:holdout|control group)", r"who is held out"
    ):
        return _HELD_OUT
    if found := first_match(said, *_BESIDE_USUAL):
        if found["x"] is None:
            return one("result_show", campaign=_shown(asked))
        return of_campaign(asked, found["x"], "result_show")
    found = first_match(
        said,
        r"(?P<before>.+) (?:of|for|in) (?:the )?(?:campaign )?(?P<x>.+?)"
        r"(?P<after> (?:confident|sure|certain|guessing|know|learned|learnt|learn)(?: .+)?)?",
    )
    if found and first_match(f"{found['before']}{found['after'] or ''}", *_ALL):
        return None if countries_in(found["x"])[0] else of_campaign(asked, found["x"], "learning_show")
    return None


def _shown(asked: Question) -> str | None:
    """The campaign that was shown, where it was one."""
    shown = asked.shown.latest("campaign")
    return shown[0].id if len(shown) == 1 else None


# How many deals, how many meetings ------------------------------------------------------------------------------

_SPAN = r"(?: (?:this (?:month|quarter|year)|so far|in all|since the first))*"


def counted(asked: Question, today: date) -> Reading:
    """How many deals were closed or won, how many people had a meeting; from the first of a month, quarter or year."""
    said = asked.said
    since, _ = calendar_in(said, today)
    if first_match(
        said,
        rf"how many (?:new )?deals (?:did|have|has) (?:we|attune|it|you) (?:win|won|close|closed|lose|lost){_SPAN}",
        rf"how many (?:new )?deals (?:(?:have |has )?(?:been )?|were |was )(?:won|closed?|lost){_SPAN}",
        rf"how many (?:new )?deals{_SPAN}",
        r"how many (?:deals are open|open deals (?:are there|do we have))(?: now)?",
        r"(?:(?:show|list|give)(?: me| us)? )?(?:the |our |all |open )*deals",
        r"(?:which|what) deals (?:are|do we have)(?: still)?(?: open)?(?: now)?",
    ):
        return one("result_funnel", since=None if since is None else since.isoformat())
    if first_match(
        said,
        rf"(?:what|how much) is (?:the|our) revenue{_SPAN}",
        r"how much (?:revenue|money)(?: (?:did|have|has) (?:we|it|attune|you) (?:make|made|earn(?:ed)?|bring|brought))?"
        rf"{_SPAN}",
    ):
        return one("result_show", campaign=_shown(asked), since=None if since is None else since.isoformat())
    if first_match(
        said,
        rf"how many {_MESSAGES} (?:did|have) (?:we|you|attune) (?:send|sent)(?: out)?",
        r"who (?:was|were) sent (?:something|anything|a message|an email)",
        r"who (?:got|received) (?:something|anything|a message|an email)(?: from us)?",
    ):
        return one("run_list")
    found = first_match(
        said,
        rf"how many (?:meetings|demos|sales calls) (?:did|have) (?:we|attune|it|you) "
        rf"(?P<how>get|got|gotten|win|won|bring|brought|book|booked|have|had|hold|held){_SPAN}",
        rf"how many (?:meetings|demos|sales calls) (?:were|was|have been) (?P<how>booked|held|had|won){_SPAN}",
        rf"how many (?:meetings|demos|sales calls)(?P<how>){_SPAN}",
    )
    if not found:
        return None
    wanted = {"book": ("booked",), "hold": ("held",), "held": ("held",)}.get(
        found["how"].lower().removesuffix("ed"), ("booked", "held")
    )
    return tuple(
        call(
            "contact_find",
            number,
            did=[{"event": f"meeting_{kind}"} | ({} if since else {"within_days": None})],
            since=since.isoformat() if since else None,
        )
        for number, kind in enumerate(wanted, 1)
    )


# What is said first ---------------------------------------------------------------------------------------------

_SILENT = r"\bsilen(?:t|ce)\b|\bnobody\b|\bno ?one\b|\bnothing\b|\bso (?:few|many)\b|\bhardly\b|\bmost\b"
_LEADS = (
    ("learning_show", "silence", _SILENT),
    ("learning_show", "changed", r"\b(?:chang|shift|alarm|drift|mov)"),
    ("learning_show", "", r"\b(?:sure|confident|certain|guessing|works?|worked|content|best)\b|\bhow much\b"),
    ("result_show", "revenue", r"\b(?:revenue|money)\b"),
    ("result_funnel", "deals", r"\bdeals?\b"),
)
"""By tool: which fact says what a question with such words is about, or that none but the rest does."""

_NO_USUAL = (
    "Usual practice decides for nobody there, so the two cannot be compared: `usual_share` in the campaign file leaves "
    "it some."
)


def asked_first(asked: str, made: ToolCall, answer: ToolAnswer) -> ToolAnswer:
    """The answer with what was asked for first, and without what other questions of the tool are about."""
    lead = next(
        (
            fact
            for tool, fact, words in _LEADS
            if tool == made.name and re.search(words, asked, re.IGNORECASE)
        ),
        None,
    )
    if (
        made.name == "result_show"
        and "usual_practice" in answer.facts
        and re.search(r"\busual\b", asked, re.IGNORECASE)
    ):
        return answer.model_copy(update={"words": f"{answer.words} {_NO_USUAL}"})
    if lead is None:
        return answer
    rest, first = answer.words, ""
    for fact in {fact for tool, fact, _ in _LEADS if tool == made.name and fact}:
        told = answer.facts.get(fact)
        parts = told if isinstance(told, dict) else {"in_short": told, "told": told}
        rest = rest.replace(str(parts.get("in_short") or "\0"), " ")
        if fact == lead:
            said = [str(parts[name]) for name in ("worth", "told") if parts.get(name)]
            first = " ".join(said[::-1] if asked.lower().startswith("why") else said)
    return answer.model_copy(update={"words": " ".join(f"{first} {rest}".split())})
