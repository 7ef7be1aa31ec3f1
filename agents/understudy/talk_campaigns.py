"""Questions about campaigns, runs, results, what was learned, and whole lists."""

from __future__ import annotations

import re
from datetime import date, timedelta

from agents.understudy.talk_question import Question, Reading, call, first_match, of_campaign, one
from agents.understudy.talk_words import calendar_in, days_in

_SHOW = (
    r"(?:(?:show|list|give|tell|get)(?: me| us)? (?:about )?|what (?:is |are )?|which (?:are "
    r")?|how (?:is|are) |let me see |open |see |what about )?"
)
_OUR = r"(?:all )?(?:the |our |my |any |of the )*"

_PERIOD = (
    r"(?:(?:in |of |from |for |over )?(?:the )?(?:last|past|this|previous) (?:month|week|"
    r"quarter|year|\d+ (?:days|weeks|months))(?:'s)?)"
)


def lists(asked: Question) -> Reading:
    """Whole lists that need no more words: leads, churn, proposals, campaigns, runs, content, rules."""
    said = asked.said
    if first_match(
        said,
        r"what (?:should|can|shall|do|must) (?:i|we) (?:do|look at|work on|start with|focus on|have to do|need to do)"
        r"(?: (?:now|next|first|today|this morning|this week|right now))*",
        r"what (?:is|needs) (?:my|our) attention(?: today| now)?|what needs (?:me|us|doing)(?: today| now)?",
        r"what (?:is|do (?:i|we) have) (?:on )?(?:my|our|the) (?:list|plate|agenda|to-?do(?:s| list)?)"
        r"(?:(?: for)? today)?",
    ):
        # What only a person can do: messages that wait for a yes, and people worth a call.
        return (call("proposal_list"), call("lead_list", 2))
    for tool, patterns in _LISTS.items():
        if first_match(said, *patterns):
            return one(tool)
    return None


_LISTS: dict[str, tuple[str, ...]] = {
    "lead_list": (
        r"who(?: all)? is (?:the )?(?:most )?(?:ready|ripe|warm|hot)(?: (?:for|to (?:talk|speak) "
        r"to) (?:sales|a (?:sales )?call|hand-?off|a rep))?(?: now| today| this week)?",
        r"(?:who|which (?:leads|contacts|people|mqls)|whom) (?:should|could|can|do|shall) (?:we|i|"
        r"sales)(?: \w+)? (?:pass|hand|give|send|call|talk|speak|turn)(?: over| on| to)*(?: "
        r"to)?(?: sales)?(?: first| now| next| today| this week| tomorrow)?",
        r"which (?:leads|contacts|people|mqls) (?:are|is) (?:the )?(?:most )?(?:ready|ripe|warm|"
        r"hot|sales-ready)(?: (?:for|to (?:talk|speak) to) sales)?(?: now| today)?",
        rf"{_SHOW}{_OUR}(?:hand-?offs?|hand-?off list|lead list|sales-ready (?:leads|contacts|"
        rf"people)|hot leads|leads (?:that are )?ready for sales|ready leads)(?: list)?",
        r"(?:any|is (?:any(?:one|body)|some(?:one|body))|anyone|anybody) ready for sales(?: now| today)?",
        rf"(?:who (?:is|are) |{_SHOW}){_OUR}(?:best|top|hot|hottest|warm|warmest|strongest|(?:most )?promising) "
        r"(?:leads|mqls|prospects)(?: (?:now|today|this week|right now|for sales))?",
        r"(?:who|whom|which (?:leads|contacts|people|mqls)) (?:should|shall|can|could|must) "
        r"(?:the |our |my |your )?sales(?: (?:team|people|reps?|colleagues))? "
        r"(?:call|ring|phone|contact|talk to|speak to|follow up(?: with)?)"
        r"(?: (?:first|next|now|today|this week|tomorrow))*",
    ),
    "churn_list": (
        r"(?:who|which (?:customers|accounts|companies|clients))(?: of our (?:customers|"
        r"accounts))? (?:may|might|could|will|would|is (?:likely|about|going) to|are (?:likely|"
        r"about|going) to|wants? to|is at risk of|are at risk of) (?:leav\w+|churn\w*|cancel\w*|"
        r"quit\w*|go|be lost|not renew)(?: us)?(?: soon| next)?",
        r"(?:who|which (?:customers|accounts|companies|clients)) (?:is|are) (?:at risk|in danger|"
        r"unhappy|slipping away|leaving|churning)(?: of (?:leaving|churn\w*|churning))?",
        rf"{_SHOW}{_OUR}(?:churn|churn risks?|churn list|customers at risk|accounts at risk|"
        rf"at-risk (?:customers|accounts))",
        r"who are we (?:about|going|likely) to lose",
    ),
    "proposal_list": (
        rf"{_SHOW}{_OUR}(?:waiting |open |pending |new )?(?:proposals|approvals|review queue|"
        rf"reviews|queue)(?: (?:that are |that |which are )?(?:waiting|open|pending|there|"
        rf"left))?(?: (?:for|on) (?:me|us|review|approval|a yes))?",
        r"what (?:is|do we have) (?:waiting|pending|to (?:approve|review)|open)(?: (?:for|on) "
        r"(?:me|us|review|approval|a yes|my approval)(?: to (?:approve|review|decide))?)?(?: now)?",
        r"(?:what|which|how many)(?: (?:proposals|messages|drafts|things|ones))? (?:are |is "
        r")?(?:there )?(?:waiting|wait|waits|pending|need|needs|to|can|should|do|must|may)(?: i| "
        r"we| me)?(?: for)?(?: to)?(?: an?)? ?(?:be )?(?:approved?|review(?:ed)?|me|us|approval|a "
        r"yes)?",
        r"(?:is|are) there (?:anything|something|any proposals?|proposals) (?:to (?:approve|"
        r"review)|waiting)(?: for me| for us)?",
        r"what should (?:i|we) (?:approve|review)(?: next| first| today)?",
        rf"(?:are there |do (?:i|we) have |{_SHOW}){_OUR}(?:messages|drafts|emails|letters|things) (?:(?:that|which) )?"
        r"(?:are |is |still )*(?:wait|waiting|pending|open|to (?:approve|review))(?: (?:for|on) (?:me|us|review|my yes|"
        r"(?:my |an )?approval|a yes))?",
        r"(?:is there |do (?:i|we) have )?(?:anything|something) (?:waiting|open|to (?:approve|review))"
        r"(?: for (?:me|us))?",
    ),
    "campaign_list": (
        rf"{_SHOW}{_OUR}(?:running |active |current |paused )?campaigns(?: (?:do we have|are "
        rf"(?:running|there|active|paused|live)|there are|run))?(?: now)?",
        r"how are (?:the |our |all )*campaigns (?:doing|going)",
    ),
    "run_list": (
        rf"{_SHOW}{_OUR}(?:last |latest |recent |past |previous )?runs(?: (?:were there|have there "
        rf"been|did we have|there were))?",
        r"what (?:(?:did|have|has) (?:we|you|attune) (?:already )?(?:send|sent)(?: out)?|was sent(?: out)?|went out|"
        r"has gone out)(?: (?:lately|recently|so far))?",
    ),
    "content_list": (
        rf"{_SHOW}{_OUR}(?:content|content library|library|assets|content assets|offers|guides|"
        rf"case studies|webinars)(?: (?:do we have|is there|are there|can we send|we have))?",
        r"what (?:content|assets) (?:do we have|can (?:we|you) send|is there)",
        r"what (?:can|could) (?:we|you) send(?: out)?",
    ),
    "rule_list": (
        rf"{_SHOW}{_OUR}(?:house |compliance |sending )?(?:rules|rule book|rulebook|policies)(?: "
        rf"(?:are there|do we (?:have|follow)|apply|hold|there are))?",
        r"which rules (?:apply|hold|do we follow|are there)",
    ),
    "result_funnel": (
        rf"{_SHOW}{_OUR}(?:sales )?(?:funnel|pipeline)(?: (?:look|looking|like|doing))*",
        r"how does (?:the |our )?funnel look",
        r"where do we lose (?:people|contacts|them|leads)",
    ),
}

_X = r"(?P<x>.+?)"
_AGAINST = (
    r"(?: (?:bring|brought|do|did|done|add|give|earn|yield|achieve|perform|get|got|work|worth|"
    r"have)(?: us)?)?(?: (?:against|compared (?:to|with)|versus|vs\.?|over|beyond|than) "
    r"(?:the |our )?(?:holdout|control(?: group)?|nothing))?"
)


def results(asked: Question, today: date) -> Reading:
    """What campaigns brought, all or one, from a day on where one is said."""
    said = asked.said
    if first_match(
        said,
        rf"what (?:did|do|have|has) (?:{_PERIOD} ?)?(?:runs?|campaigns?|messages|all this|we|it|"
        rf"attune|our (?:runs|campaigns|messages|work)|the (?:runs|campaigns)){_AGAINST}(?: "
        rf"{_PERIOD})?{_AGAINST}",
        rf"what (?:did|have|has) {_PERIOD}(?: (?:runs?|campaigns?|messages))?{_AGAINST}",
        rf"{_SHOW}{_OUR}(?:results?|metrics|lift|numbers|figures|performance|outcomes?|effect)(?: "
        rf"{_PERIOD})?(?: (?:against|compared (?:to|with)|versus|vs\.?) (?:the |our )?(?:holdout|"
        rf"control(?: group)?))?",
        rf"{_SHOW}{_OUR}{_PERIOD} (?:results?|metrics|lift|numbers)",
        r"(?:does|did|is) (?:it|this|attune|any of (?:it|this)) (?:work|working|pay(?: off)?|"
        r"bring anything|worth it)(?: against the holdout)?",
        r"how (?:are|did) we (?:doing|do)(?: against the holdout)?(?: (?:this|last) (?:month|week|quarter))?",
    ):
        return one("result_show", since=since_in(said, today), until=until_in(said, today))
    if first_match(
        said,
        rf"(?:is|are|has|have|did|does) (?:(?:the|my|our|your|this|these|all) )*(?:campaigns?|messages|e-?mails) "
        rf"(?:mak(?:e|ing)|made|bring(?:ing)?|brought|earn(?:ing|ed)?)(?: us| me)?(?: (?:any|much|some|enough))? "
        rf"(?:money|revenue|business|deals|meetings)(?: so far| yet| {_PERIOD})?",
        rf"how (?:is|was|did|does) (?:the |my |our |your |this )+campaign (?:doing|do|perform|performing|going|go|work|"
        rf"working|look|looking)(?: so far| lately| now| today| {_PERIOD})?",
    ):
        shown = asked.shown.latest("campaign")
        only = shown[0].id if len(shown) == 1 else None
        return one("result_show", campaign=only, since=since_in(said, today), until=until_in(said, today))
    if found := first_match(
        said,
        rf"(?:what (?:did|does|has) )(?:the )?(?:campaign )?{_X} (?:bring|brought|earn|yield|"
        rf"achieve|add)(?: us)?{_AGAINST}(?: {_PERIOD})?",
        rf"{_SHOW}{_OUR}(?:results?|metrics|lift|numbers|figures|performance) (?:of|for|from|in) "
        rf"{_X}(?: against the holdout)?",
        rf"how (?:much|many) (?:revenue|money|meetings|deals|replies) (?:came|did we get) from (?:the )?"
        rf"(?:campaign )?{_X}",
        rf"{_X} (?:against|versus|vs\.?|compared to) (?:the |its )?(?:holdout|control group)",
        rf"(?:does|did|is) (?:the )?(?:campaign )?{_X} (?:work|working|worked|pay off|paying off)",
        rf"how (?:is|did|does|are) (?:the )?(?:campaign )?{_X} (?:doing|do|perform|performing|"
        rf"going|work|working|look|fare|faring)(?: so far| lately| {_PERIOD})?",
    ):
        return of_campaign(
            asked, found["x"], "result_show", since=since_in(said, today), until=until_in(said, today)
        )
    return None


def since_in(said: str, today: date) -> str | None:
    """From which day on: a span counts back from today, “last month” and “this month” begin with the first."""
    if re.search(r"\blast month\b", said, re.IGNORECASE):
        return (today.replace(day=1) - timedelta(days=1)).replace(day=1).isoformat()
    since, _ = calendar_in(said, today)
    if since is not None:
        return since.isoformat()
    days, _ = days_in(said)
    return None if days is None else (today - timedelta(days=days)).isoformat()


def until_in(said: str, today: date) -> str | None:
    """Up to which day: “last month” ends with its last day; all else goes on until now."""
    if re.search(r"\blast month\b", said, re.IGNORECASE):
        return (today.replace(day=1) - timedelta(days=1)).isoformat()
    return None


def about_campaigns(asked: Question) -> Reading:
    """One campaign, its runs, what its learner believes."""
    said = asked.said
    if found := first_match(
        said,
        rf"what (?:does|has|did) (?:the )?(?:learner|bandit) (?:of|for|in) {_X} (?:believe|learn|"
        rf"learned|know|think)(?: so far)?",
        rf"what (?:does|has|did) (?:the )?(?:learner|bandit) (?:believe|learn|learned|know|think) "
        rf"(?:about|of|for|in) {_X}",
        rf"what (?:works|worked|has been learned|did we learn|have we learned) (?:in|for|from|by) {_X}",
        rf"{_SHOW}{_OUR}(?:learner|learning) (?:of|for|in) {_X}",
    ):
        return of_campaign(asked, found["x"], "learning_show")
    if found := first_match(
        said,
        rf"what (?:happened|went on|was done|did we do) (?:in|on|during|with) {_OUR}(?:last|latest|"
        rf"newest|most recent|previous) run(?: (?:of|for|in) {_X})?",
        rf"(?:show(?: me)?|tell me about|how was|how did|how went|describe|summarise|summarize|"
        rf"explain) {_OUR}(?:last|latest|newest|most recent) run(?: (?:of|for|in) {_X})?(?: go)?",
        rf"(?:the )?(?:last|latest) run(?: (?:of|for|in) {_X})?",
    ):
        if found["x"] is None:
            runs = asked.shown.latest("run")
            return one("run_show", run=runs[0].id) if runs else one("run_list")
        return of_campaign(asked, found["x"], "run_show", run="last")
    if found := first_match(
        said,
        r"(?:show(?: me)?|what happened in|what about|tell me about|how was|open|describe) (?:the )?run (?P<x>\S+)",
        r"(?:show(?: me)?|what happened in|what about|tell me about|how was|open) (?P<x>(?:that|"
        r"this|the (?:first|second|third|fourth|last)) run|r\d{6}-\w+)",
    ):
        run = asked.record(found["x"], "run")
        return None if run is None else one("run_show", run=run)
    if found := first_match(
        said,
        rf"(?:list|show(?: me)?) {_OUR}runs (?:of|for|in) {_X}",
        rf"when did {_X} (?:last )?run(?: last)?",
        rf"which runs did {_X} have",
    ):
        return of_campaign(asked, found["x"], "run_list")
    if found := first_match(
        said,
        rf"how many (?:people|contacts|would|does|do)?.*?(?:would |could |does |do |are in |fit |"
        rf"audience of )+(?:the )?(?:campaign )?{_X} (?:reach|have|address|cover|write to|contact)",
        rf"(?:how (?:big|large) is|count|size of|what is the size of) (?:the )?audience (?:of|for) {_X}",
        rf"count (?:the )?(?:campaign )?{_X}",
        rf"who is in (?:the )?(?:audience of )?(?:the )?(?:campaign )?{_X}",
    ):
        return of_campaign(asked, found["x"], "campaign_count")
    if found := first_match(
        said,
        r"(?:show(?: me)?|tell me about|describe|open|what about|explain|what is|what does|how "
        r"is)(?: the| our)? campaign (?P<x>.+?)(?: do| about)?",
        r"(?:show(?: me)?|tell me about|describe|open|what about|explain|what is|what does|how "
        r"is)(?: the| our)? (?P<x>.+?) campaign(?: do| about)?",
        r"(?:show(?: me)?|tell me about|describe|open|what about) (?P<x>(?:that|this) campaign|"
        r"the (?:first|second|third|last) campaign)",
        r"(?:is|was|when was|who|why is|why was) (?:the )?(?:campaign )?(?P<x>[\w -]+?) (?:paused|"
        r"stopped|running|live|active|held)(?: now)?",
    ):
        return of_campaign(asked, found["x"], "campaign_show")
    return None
