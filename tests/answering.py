"""A loopback chat completions endpoint that answers every agent's question by its schema, from the request in hand."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def answer_for(body: dict[str, Any]) -> dict[str, Any]:
    """A plain, fitting answer: it cites the first approved claim of the request."""
    name = body["response_format"]["json_schema"]["name"]
    text = "\n".join(turn["content"] for turn in body["messages"] if turn["role"] == "user")
    about_them = re.findall(r"^(E\d+) \[(?:may be said|private)", text, re.MULTILINE)
    claim_id, claim = re.findall(r"^(E\d+) \[approved claim\] (.*)$", text, re.MULTILINE)[0]
    letters = re.findall(r"^Message ([A-Z])$", text, re.MULTILINE)
    marks = {"grounded": 5, "individual": 2, "relevant": 4, "clear": 4, "voice": 4}
    told: dict[str, dict[str, Any]] = {
        "SignalAnswer": {
            "signals": [{"text": "Turned to this subject.", "evidence": about_them[:1], "strength": "clear"}],
            "topic": "planning",
            "intent": "",
            "caution": "",
        },
        "PlanAnswer": {
            "angle": "The content fits this subject.",
            "points": [{"text": "Give the claim.", "evidence": [claim_id]}],
            "call_to_action": "Have a look.",
            "tone": "plain",
        },
        "DraftAnswer": {
            "subject": "Something for planning your yard",
            "paragraphs": [
                {
                    "sentences": [
                        {"text": "Here is one thing that may help with planning.", "evidence": []},
                        {"text": claim, "evidence": [claim_id]},
                        {"text": "Would a look at it help you this week?", "evidence": []},
                    ]
                }
            ],
        },
        "ReviewAnswer": {"findings": []},
        "OnePromptAnswer": {
            "subject": "Something for planning your yard",
            "body": f"Dear Dana,\n\nHere is one thing for planning. {claim}\n\nWould a look help?\n\nBest regards",
        },
        "JudgeAnswer": {
            "messages": [{"letter": letter, **marks, "quotes": []} for letter in letters],
            "best": (letters or ["A"])[0],
        },
    }
    return told[name]


class _Handler(BaseHTTPRequestHandler):
    bodies: list[dict[str, Any]]
    status: int

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.bodies.append(body)
        message = {"role": "assistant", "content": json.dumps(answer_for(body)), "refusal": None}
        reply = {
            "id": "chatcmpl-7",
            "object": "chat.completion",
            "created": 7,
            "model": "somebody's model",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }
        raw = json.dumps(reply if self.status == 200 else {"error": {"message": "no"}}).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_args: object) -> None:
        """Stay quiet."""


@contextmanager
def answering(status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve; gives the base URL and the list of bodies that came."""
    bodies: list[dict[str, Any]] = []
    handler = type("Bound", (_Handler,), {"bodies": bodies, "status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", bodies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
