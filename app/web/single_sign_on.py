"""Signing in by the identity provider, where one is set: there and back, in one browser."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.web.guard import anyone, not_found
from app.web.shell import Shell
from app.web.signing_in import own_path, sign_in_page, signed_in
from domain.errors import IdentityRefused, TeamRefused
from domain.ports import IdentityProvider
from domain.staff import SignInTry

COOKIE = "__Host-attune-try"
TRY_SECONDS = 600


def router(shell: Shell) -> APIRouter:
    """Return the routes; where no provider is set they answer 404."""
    routes = APIRouter(dependencies=[anyone("who signs in is not signed in yet")])
    _ = shell.house.identity_provider  # a missing secret is told now, not at the first sign-in
    signer = URLSafeTimedSerializer(shell.house.link_key, salt="attune sign-in try")

    def provider() -> IdentityProvider:
        found = shell.house.identity_provider
        if found is None:
            raise not_found("Single sign-on is not set up here.")
        return found

    def back(request: Request) -> str:
        base = shell.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return f"{base.rstrip('/')}/sign-in/oidc/back"

    @routes.get("/sign-in/oidc")
    def leave(request: Request) -> Response:
        after = own_path(shell, request.query_params.get("next", ""))
        try:
            begun = provider().begin(back(request))
        except IdentityRefused as refused:
            return sign_in_page(shell, request, after, error=str(refused), status=502)
        told = signer.dumps([begun.state, begun.nonce, begun.verifier, after])
        answer = Response(status_code=303, headers={"location": begun.url})
        text = told if isinstance(told, str) else told.decode()
        answer.set_cookie(
            COOKIE, text, max_age=TRY_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
        )
        return answer

    @routes.get("/sign-in/oidc/back")
    def come_back(request: Request) -> Response:
        settings = shell.house.settings
        try:
            state, nonce, verifier, after = signer.loads(request.cookies.get(COOKIE, ""), max_age=TRY_SECONDS)
            begun = SignInTry(url="", state=state, nonce=nonce, verifier=verifier)
            who = provider().finish(back(request), begun, dict(request.query_params), shell.now())
            member = shell.staff.recognise(who, settings.oidc_domains, settings.oidc_role, settings.time_zone)
        except (BadSignature, ValueError, TypeError):
            return sign_in_page(shell, request, "/", error="That took too long. Begin again.", status=403)
        except (IdentityRefused, TeamRefused) as refused:
            return sign_in_page(shell, request, "/", error=str(refused), status=403)
        answer = signed_in(shell, request, member, "oidc", after)
        answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    return routes
