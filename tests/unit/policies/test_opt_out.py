"""Opt-out in people's own words: plain in eight languages, unsure on the safe side, and no false stops."""

from __future__ import annotations

import pytest

from policies.opt_out import OptOut, read_opt_out

STOPS = [
    "STOP",
    "stop.",
    "Quit",
    "END",
    "Revoke",
    "OPT OUT",
    "Cancel",
    "UNSUBSCRIBE",
    "Please unsubscribe",
    "Hi,\nplease take me off your list.\nThanks",
    "Remove me from this mailing list",
    "Kindly stop emailing me.",
    "I don’t want to receive any more emails from you",
    "Do not contact me again!",
    "no more emails please",
    "I hereby withdraw my consent.",
    "Delete my data.",
    "How do I unsubscribe?",
    "I would like to be unsubscribed",
    "ＳＴＯＰ",
    "S\u200btop",
    "Leave me alone",
    "Why don't you unsubscribe me?",
    "Bitte melden Sie mich ab",
    "Bitte nehmen Sie mich aus Ihrem Verteiler.",
    "Ich möchte keine weiteren E-Mails mehr erhalten",
    "Abmelden",
    "Schreiben Sie mir nicht mehr.",
    "Hiermit widerrufe ich meine Einwilligung.",
    "Bitte löschen Sie meine Daten",
    "Désabonnez-moi s'il vous plaît",
    "Je ne souhaite plus recevoir vos mails",
    "Merci de me retirer de votre liste de diffusion",
    "ARRÊT",
    "Ne m'écrivez plus",
    "Darme de baja",
    "Quiero darme de baja de esta lista",
    "No me envíen más correos",
    "Por favor, elimíneme: no quiero recibir más mensajes",
    "BAJA",
    "Cancellatemi dalla lista",
    "Non voglio più ricevere le vostre email",
    "Non scrivetemi più",
    "Uitschrijven aub",
    "Ik wil me graag uitschrijven",
    "Stuur mij geen mails meer",
    "Verwijder mij van uw mailinglijst",
    "Não quero mais receber seus emails",
    "Sluta skicka mejl till mig",
]

UNSURE = [
    "Not interested.",
    "Could you tell me how unsubscribing works at your company?",
    "Kein Interesse",
    "Pas intéressé, merci",
    "No me interesa",
    "Non sono interessato",
    "Geen interesse",
    "I am the wrong person for this",
    "Please stop, this is a bad time.",
    "Where did you get my address?",
]

NOT_AT_ALL = [
    "",
    "Sounds good, can we talk on Tuesday?",
    "Please stop by our booth next week.",
    "I need to cancel our meeting on Thursday, can we move it?",
    "Please don't unsubscribe me, I was on holiday.",
    "Please cancel this meeting, I am ill.",
    "We want to stop losing hours to shift swaps.",
    "Your last mail was in my spam folder, sorry.",
    "I object to nothing in the contract.",
    "By the end of the quarter we will decide.",
    "What unsubscribe rate do your customers see?",
    "Können wir nächste Woche telefonieren?",
    "Merci pour le guide, très utile.",
    "Estamos en la planta baja, le esperamos.",
    "Grazie, ci sentiamo lunedì.",
    "Bedankt, dat past prima.",
    "We quit our old tool last year and want to see yours.",
    "Thanks, send me the price list.\n\nOn Tue, 3 Nov 2026 at 10:00, Northwind <a@b.example> wrote:\n> Unsubscribe: https://x",
    "Yes please.\n> Unsubscribe: https://northwind.example/u?c=1",
    "Great.\nUnsubscribe: https://northwind.example/u?c=m_1.abc",
]


@pytest.mark.parametrize("text", STOPS)
def test_a_plain_request_to_stop_is_understood(text: str) -> None:
    assert read_opt_out(text).answer is OptOut.STOP


@pytest.mark.parametrize("text", UNSURE)
def test_what_may_mean_stop_is_unsure_and_suppresses(text: str) -> None:
    reading = read_opt_out(text)
    assert reading.answer is OptOut.UNSURE
    assert reading.suppresses
    assert reading.needs_a_person


@pytest.mark.parametrize("text", NOT_AT_ALL)
def test_an_ordinary_reply_is_no_opt_out(text: str) -> None:
    assert read_opt_out(text).answer is OptOut.NO


def test_the_subject_of_our_own_mailto_link_stops() -> None:
    assert read_opt_out("", "unsubscribe m_0123456789abcdef").answer is OptOut.STOP


def test_a_subject_that_answers_ours_is_not_their_word() -> None:
    assert read_opt_out("Yes, gladly.", "Re: Stop losing hours to shift swaps").answer is OptOut.NO
