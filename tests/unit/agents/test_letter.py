from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import letter
from domain.message import Message
from domain.people import Consent, ConsentBasis, ConsentGround, Contact
from domain.sender import SenderProfile
from policies import markup
from tests.unit.policies.cases import ASSET, CAMPAIGN, CONTACT, KEY, SENDER, consent, draft


def addressed(of: Any = None, **changes: Any) -> Message:
    whole: dict[str, Any] = {
        "contact": CONTACT,
        "asset": ASSET,
        "campaign": CAMPAIGN,
        "sender": SENDER,
        "outbox_id": "m_0123456789abcdef",
        "link_key": KEY,
    }
    return letter.address(of or draft(), **(whole | changes))


TOKEN = letter.unsubscribe_token("m_0123456789abcdef", KEY)
TEXT = f"""Hello Dana,

You asked how to get quotes through finance before quarter end. Teams using our checklist cut approval \
from 3 days to 5 hours. Would it help to see where yours wait?

Open the checklist: https://content.acme.example/quote-checklist

Best regards,
Anna Berg
Acme Inc.

You get this because Acme Inc. has dana.ruiz@northwind.example as a business contact.
Acme Inc.
1 Main St
Springfield, IL 62701
USA
Unsubscribe: https://acme.example/u?c={TOKEN}
"""


def test_the_text_is_exactly_this() -> None:
    assert addressed().text == TEXT


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (consent(), "you agreed on 1 October 2026 to e-mail from Acme Inc. to dana.ruiz@northwind.example."),
        (
            consent(ConsentBasis.SOFT_OPT_IN),
            "you bought from Acme Inc., and this is about goods of that kind.",
        ),
        (consent(ConsentBasis.IMPLIED, ground=ConsentGround.PURCHASE), "you have bought from Acme Inc."),
        (
            consent(ConsentBasis.IMPLIED, ground=ConsentGround.INQUIRY),
            "you asked Acme Inc. about something on 1 October",
        ),
        (
            consent(ConsentBasis.LEGITIMATE_INTEREST),
            "Acme Inc. has dana.ruiz@northwind.example as a business contact.",
        ),
    ],
)
def test_the_footer_says_what_the_message_rests_on(record: Consent, says: str) -> None:
    dated = record.model_copy(
        update={"recorded_at": datetime(2026, 10, 1, 9, tzinfo=UTC), "wording": "<b>x</b>"}
    )
    said = addressed(carried_by=dated)
    assert f"You get this because {says}" in said.text
    assert f"You get this because {says}" in said.html
    assert "<b>x</b>" not in said.html


def test_text_and_html_say_the_same_words() -> None:
    said = addressed()

    def words(text: str) -> list[str]:
        return re.findall(r"\w+", markup.URL.sub(" ", text))

    assert words(said.text) == words(markup.visible_text(said.html))


def test_headers_let_a_mail_program_opt_out_in_one_click() -> None:
    headers = dict(addressed().headers)
    assert headers["List-Unsubscribe"] == (
        f"<https://acme.example/u?c={TOKEN}>, "
        "<mailto:replies@acme.example?subject=unsubscribe%20m_0123456789abcdef>"
    )
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "Auto-Submitted" not in headers


def test_the_message_id_is_the_outbox_id_under_the_senders_domain() -> None:
    assert addressed().message_id == "<m_0123456789abcdef@acme.example>"


def test_the_same_arguments_give_the_same_message() -> None:
    assert addressed().sha256 == addressed().sha256


def test_an_opt_out_page_with_a_query_keeps_it() -> None:
    sender = SenderProfile.model_validate(
        {**SENDER.model_dump(), "unsubscribe_url": "https://acme.example/u?l=en"}
    )
    assert f"https://acme.example/u?l=en&c={TOKEN}" in addressed(sender=sender).text


@pytest.mark.parametrize(
    ("first_name", "said"),
    [
        ("Dana", "Hello Dana,"),
        ("  Zoë ", "Hello Zoë,"),
        ("Mary Ann", "Hello Mary Ann,"),
        ("O'Neil", "Hello O'Neil,"),
        ("Jean-Luc", "Hello Jean-Luc,"),
        ("DANA", "Hello Dana,"),
        (None, "Hello,"),
        ("", "Hello,"),
        ("x@y.example", "Hello,"),
        ("evil.com", "Hello,"),
        ("http://evil", "Hello,"),
        ("<b>Dana</b>", "Hello,"),
        ("Dana2", "Hello,"),
        ("Dana you won, call now. Then pay us the whole sum at once", "Hello,"),
    ],
)
def test_the_greeting_uses_a_first_name_only_if_it_looks_like_one(first_name: str | None, said: str) -> None:
    assert letter.greeting(Contact(id="c_1", first_name=first_name)) == said


def test_markup_in_a_draft_arrives_as_words() -> None:
    said = addressed(draft("A <script>alert(1)</script> & more."))
    assert "<script>" not in said.html
    assert "A <script>alert(1)</script> & more." in markup.visible_text(said.html)


@pytest.mark.parametrize(
    "name", ["Dana\nBcc: x@y.example", "Dana =?UTF-8?Q?x?=", "Dana <x@y.example>", 'Da"na']
)
def test_a_name_that_could_be_read_as_a_header_is_left_out(name: str) -> None:
    said = addressed(contact=CONTACT.model_copy(update={"first_name": name, "last_name": None}))
    assert said.to_name == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outbox_id": "m_1\nBcc: x@y"}, "outbox id"),
        ({"outbox_id": ""}, "outbox id"),
        ({"sender": SENDER.model_copy(update={"from_name": "Anna\nBcc: x@y"})}, "from_name"),
        ({"sender": SENDER.model_copy(update={"from_name": "=?UTF-8?Q?=0A?="})}, "from_name"),
        ({"contact": CONTACT.model_copy(update={"email": None})}, "no e-mail address"),
    ],
)
def test_what_cannot_stand_in_a_header_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        addressed(**changes)


def test_an_opt_out_token_opens_with_its_own_key_only() -> None:
    assert letter.outbox_id_of(TOKEN, KEY) == "m_0123456789abcdef"
    assert letter.outbox_id_of(TOKEN, b"another key") is None
    assert letter.outbox_id_of(TOKEN.replace("m_0", "m_1"), KEY) is None
    assert letter.outbox_id_of("", KEY) is None
    assert letter.outbox_id_of("m_0123456789abcdef.ümlaut", KEY) is None


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=80))
def test_whatever_the_words_the_html_is_what_the_sanitiser_leaves(words: str) -> None:
    said = addressed(draft(words))
    assert markup.clean(said.html) == said.html
    assert "".join(words.split()) in "".join(markup.visible_text(said.html).split())
