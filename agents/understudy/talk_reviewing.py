"""Wishes about proposals that were shown: nobody says yes to what they have not seen. See `talk_changes`."""

from __future__ import annotations

import re

from agents.understudy.talk_history import Seen
from agents.understudy.talk_question import Question, Reading, Unclear, call, first_match, one
from agents.understudy.talk_words import as_said, number_in, ordinal_in
from domain.assistant import ToolCall

MOST_AT_ONCE = 8
"""Changes put before the asker at a time, as the graph allows."""

HEDGED = re.compile(
    r"\b(?:if|unless|until|when|once|after|before|tomorrow|tonight|later|or not|instead of|"
    r"except|excluding|but|apart from|maybe|"
    r"perhaps|should we|would it|what happens|not (?:yet|now|today))\b",
    re.IGNORECASE,
)
_DECIDING = frozenset({"proposal_approve", "proposal_reject", "proposal_redraft"})
_ID = r"p_[0-9a-z]+"


def reviews(asked: Question) -> Reading:
    """Approve or reject proposals that were shown: nobody says yes to what they have not seen."""
    said = asked.said
    if found := first_match(
        said,
        rf"(?:show(?: me)?|open|tell me about|what about|read(?: me)?) (?:proposal )?(?P<x>{_ID}|"
        rf"(?:the )?(?:\w+) proposal|proposal (?:#|number )?\w+)",
        r"(?:show(?: me)?|open) (?:proposal )(?P<x>.+)",
    ):
        words = re.sub(r"^proposal (?=\S)", "", found["x"], flags=re.IGNORECASE)
        words = re.sub(r"^(?:#|number )?(\d+)$", r"#\1", words)
        proposal = asked.record(words, "proposal")
        return None if proposal is None else one("proposal_show", proposal=proposal)
    if asked.asks:
        return None
    if found := first_match(
        said,
        r"(?:reject|decline|refuse|turn down|discard|drop) (?P<x>.+?)(?:(?:,? (?:because(?: of)?|"
        r"since|as|for the reason that|reason:?|with the reason|it is|they are|for being)|[:;] ?| "
        r"- ) ?(?P<why>.+))?",
    ):
        why = as_said(found["why"] or "")
        if HEDGED.search(found["x"]):
            return _unsure()
        chosen = _chosen(asked, found["x"])
        if not isinstance(chosen, list):
            return chosen
        if not why:
            return "Why? Say the reason with it, so that it can be learned from: “reject the second one because …”."
        return _looked_at(chosen, "proposal_reject", reason=why)
    if found := first_match(
        said, r"(?:approve|accept|okay|confirm|sign off(?: on)?|let go|release|say yes to) (?P<x>.+)"
    ):
        if HEDGED.search(found["x"]) or re.search(r"\bnot\b", found["x"]):
            return _unsure()
        chosen = _chosen(asked, found["x"])
        if not isinstance(chosen, list):
            return chosen
        return _looked_at(chosen, "proposal_approve")
    return None


def redraft(asked: Question, proposal: str, hint: str | None) -> Reading:
    """Another draft of a proposal."""
    if not hint:
        return "What should be different? Say it with it: “redraft the first one: shorter, mention pricing”."
    seen = next((one for one in asked.shown.latest("proposal") if one.id == proposal), None)
    return _looked_at([seen or Seen("proposal", proposal, "", {})], "proposal_redraft", hint=hint)


def _looked_at(chosen: list[Seen], tool: str, **more: str) -> tuple[ToolCall, ...]:
    """A call for each at the version that was shown; where one was not, all are shown first instead."""
    versions = [seen.row.get("version") for seen in chosen]
    if all(isinstance(version, int) for version in versions):
        return tuple(
            call(tool, n, proposal=seen.id, version=seen.row["version"], **more)
            for n, seen in enumerate(chosen, 1)
        )
    return tuple(call("proposal_show", n, proposal=seen.id) for n, seen in enumerate(chosen, 1))


def _unsure() -> str:
    return (
        "I only do plain wishes, so that nothing is done by mistake: say which ones, without conditions, such as "
        "“approve the first and the third”. Nothing was changed."
    )


def _chosen(asked: Question, words: str) -> list[Seen] | Reading:
    """The proposals meant: some that were shown, or the list where none was."""
    bare = re.sub(
        r"\b(?:proposals?|drafts?|messages?|waiting|please|of them|now|review|ones?)\b",
        " ",
        words,
        flags=re.IGNORECASE,
    )
    bare = " ".join(bare.replace(",", " , ").split())
    if ids := re.findall(rf"\b{_ID}\b", words):
        left = re.sub(rf"\b(?:{_ID}|and|proposals?|the)\b|[,@]", " ", words).split()
        return None if left else _by_ids(asked, ids)
    found = re.fullmatch(
        r"(?:(?:all|any|every|both) ?)?(?:of )?(?:the |these |those |them )?(?:(?P<many>first|top|"
        r"next|last)? ?(?P<n>\d+|two|three|four|five|six|seven|eight) ?)?"
        r"(?P<safe>safe|low[- ]stakes|low|harmless|routine|easy|simple|ordinary)?(?P<all> ?(?:all|"
        r"these|those|them|it|this|that))?",
        bare,
        re.IGNORECASE,
    )
    seen = asked.shown.latest("proposal")
    if found is not None and found["safe"]:
        seen = _still_open(asked, seen)
    picked = _by_place(bare, seen)
    if found is None and picked is None:
        return None
    if not seen:
        return one("proposal_list", stakes="low" if found is not None and found["safe"] else None)
    if found is not None and found["safe"] and _lacks_safe_ones(asked):
        return one("proposal_list", stakes="low")
    if picked is not None:
        if not picked:
            raise Unclear(f"I showed {len(seen)}, and that is none of them. Say “the first one”, or its id.")
        return picked
    assert found is not None
    if found["n"] and not found["n"].strip("0"):
        raise Unclear(f"I showed {len(seen)}, and that is none of them. Say “the first one”, or its id.")
    return _narrowed(found, bare, seen)


def _still_open(asked: Question, seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """Where the newest proposals are decided ones: those of the last list that were not put before the asker since."""
    decided: set[str] = set()
    for brought in asked.shown.answers:
        name = brought.call.name if brought.call is not None else ""
        if name in _DECIDING and brought.call is not None:
            decided.add(str(brought.call.arguments.get("proposal", "")))
        elif name == "proposal_list" or any(one.kind == "proposal" for one in brought.seen):
            listed = tuple(one for one in brought.seen if one.kind == "proposal")
            return tuple(one for one in listed if one.id not in decided) if decided else seen
    return () if decided else seen


def _lacks_safe_ones(asked: Question) -> bool:
    """Tell whether some at low stakes, or those that wait longest, may be missing from the list that was shown."""
    answers = asked.shown.answers
    listed = next((one for one in answers if one.call and one.call.name == "proposal_list"), None)
    if listed is None or listed.call is None:
        return False
    given = listed.call.arguments
    if given.get("page", 1) != 1 or given.get("order") == "value":
        return True
    goes_on = asked.shown.is_cut("proposal") or "next_page" in listed.facts
    return goes_on and given.get("stakes") != "low"


def _narrowed(found: re.Match[str], bare: str, seen: tuple[Seen, ...]) -> list[Seen] | str:
    """Those of the shown that “the safe ones”, “the first three”, “all of them” mean, or why none."""
    if not bare or (found["all"] or "").strip().lower() in {"it", "this", "that"}:
        if len(seen) > 1:
            raise Unclear(
                f"Which of the {len(seen)}? Say “the first one”, “the safe ones”, “all of them”, or an id."
            )
        return list(seen)
    chosen = list(seen)
    if found["safe"]:
        chosen = [one for one in chosen if is_safe(one)]
        if not chosen:
            return (
                "None of those I showed is a low-stakes message, so I leave them all to a reviewer’s "
                "eyes, one by one."
            )
    if found["n"]:
        many = number_in(found["n"]) or 0
        if found["safe"] and not found["many"] and many != len(chosen):
            return (
                f"At low stakes, of those I showed: {len(chosen)}, not {many}. Say “approve the safe ones” if you mean "
                "these."
            )
        chosen = chosen[-many:] if (found["many"] or "").lower() == "last" else chosen[:many]
    if found["safe"] and not found["n"]:
        # Within one level of stakes a list has the longest waiting first.
        return chosen[:MOST_AT_ONCE]
    if len(chosen) > MOST_AT_ONCE:
        return (
            f"That is {len(chosen)} at once; I put {MOST_AT_ONCE} before you at a time. Say “approve "
            f"the first {MOST_AT_ONCE}”."
        )
    return chosen


def _by_ids(asked: Question, ids: list[str]) -> list[Seen]:
    there = {seen.id: seen for one in reversed(asked.shown.answers) for seen in one.seen if seen.row}
    wanted = list(dict.fromkeys(ids))[:MOST_AT_ONCE]
    return [there.get(proposal, Seen("proposal", proposal, "", {})) for proposal in wanted]


def is_safe(seen: Seen) -> bool:
    """Low stakes, as the row says; where it says nothing, it is not."""
    return str(seen.row.get("stakes", seen.row.get("level", ""))).lower() == "low"


def _by_place(words: str, seen: tuple[Seen, ...]) -> list[Seen] | None:
    """`the first and the third`, `number 2`, `#1, #2`; None where words are something else."""
    parts = [
        part
        for part in re.split(r",|\band\b|\s+", words)
        if part and part.lower() not in {"the", "number", "no", "no."}
    ]
    places: list[int] = []
    for part in parts:
        place = -1 if part.lower() == "last" else ordinal_in(part)
        if place is None and (
            part.startswith("#")
            or re.search(rf"\bnumbers?\b[^a-z]*{re.escape(part)}\b", words, re.IGNORECASE)
        ):
            number = number_in(part)
            place = None if number is None or number < 1 else number - 1
        if place is None:
            return None
        places.append(place)
    if not places:
        return None
    if any(place >= len(seen) or (place < 0 and not seen) for place in places):
        return []
    return [seen[place] for place in dict.fromkeys(places)]
