"""Mails as they arrive: replies, automatic answers, bounce reports; written by hand after real ones."""

from __future__ import annotations

OURS = "<o_dana@tidewater.example>"

REPLY = f"""\
From: Dana Ruiz <Dana@Northwind.example>
To: replies@tidewater.example
Subject: Re: A guide for you
Date: Tue, 10 Mar 2026 15:00:00 +0100
Message-ID: <reply-1@northwind.example>
In-Reply-To: {OURS}
References: <older@else.example> {OURS}
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit

This looks useful. Can we talk on Thursday?

Dana

On Tue, 10 Mar 2026 at 13:00, Tidewater <hello@tidewater.example> wrote:
> Hello Dana,
>
> Unsubscribe: https://www.tidewater.example/unsubscribe?c=x
"""

HTML_REPLY = f"""\
From: dana@northwind.example
To: replies@tidewater.example
Subject: AW: A guide for you
Message-ID: <reply-2@northwind.example>
In-Reply-To: {OURS}
MIME-Version: 1.0
Content-Type: text/html; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

<html><style>p {{color: red}}</style><div>Sch=F6n, danke.</div><div>Bis bald</div>
<blockquote>unsubscribe</blockquote></html>
"""

OUT_OF_OFFICE = f"""\
From: dana@northwind.example
To: hello@tidewater.example
Subject: Automatic reply: A guide for you
Message-ID: <ooo-1@northwind.example>
In-Reply-To: {OURS}
Auto-Submitted: auto-replied
Content-Type: text/plain

I am away until Monday. Please stop by my colleague's desk or unsubscribe me from your worries.
"""

BOUNCE = f"""\
From: MAILER-DAEMON@mx.tidewater.example (Mail Delivery System)
To: hello@tidewater.example
Subject: Undelivered Mail Returned to Sender
Date: Tue, 10 Mar 2026 13:01:00 +0000
Message-ID: <bounce-1@mx.tidewater.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

<dana@northwind.example>: host mx.northwind.example said: 550 5.1.1 User unknown

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.tidewater.example

Final-Recipient: rfc822; dana@northwind.example
Original-Recipient: rfc822;dana@northwind.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b1
Content-Type: text/rfc822-headers

From: Tidewater <hello@tidewater.example>
To: dana@northwind.example
Subject: A guide for you
Message-ID: {OURS}

--b1--
"""


def raw(text: str) -> bytes:
    """The bytes of a mail, as they arrive."""
    return text.replace("\n", "\r\n").encode()


def says(words: str, **headers: str) -> bytes:
    """A reply of Dana's with these words; a header given replaces one, an empty one leaves it out."""
    lines = {
        "From": "dana@northwind.example",
        "To": "replies@tidewater.example",
        "Subject": "Re: A guide for you",
        "Message-ID": f"<said-{abs(hash(words)) % 10**9}@northwind.example>",
        "In-Reply-To": OURS,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\n" for name, value in lines.items() if value)
    return raw(f"{head}\n{words}\n")
