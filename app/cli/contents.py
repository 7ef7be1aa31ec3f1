"""`attune content`: the library of what there is to say, with its approved claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, listing, money, print_json
from app.who import names_of

app = typer.Typer(no_args_is_help=True, help="The content library: assets, approved claims, offers.")


@app.command("import")
def import_content(
    path: Annotated[Path, typer.Argument(help="A YAML file with `assets:`; see docs/content.md.")],
    as_json: AsJson = False,
) -> None:
    """Read assets and their approved claims from a YAML file; a known id is replaced."""
    from app.content_file import read_assets

    house = doors.house()
    assets = read_assets(path)
    house.content.save_assets(assets)
    house.audit.append("content", path.name, {"assets": [asset.id for asset in assets]})
    claims = sum(len(asset.claims) for asset in assets)
    if as_json:
        print_json({"assets": len(assets), "claims": claims})
    else:
        line(f"{len(assets)} assets with {claims} approved claims are in the library.")


@app.command("list")
def list_content(as_json: AsJson = False) -> None:
    """List the library."""
    assets = doors.house().crm.assets()
    listing(
        [
            {
                "id": asset.id,
                "kind": asset.kind.value,
                "title": asset.title,
                "topics": list(asset.topics),
                "stages": [stage.value for stage in asset.stages],
                "claims": len(asset.claims),
                "is_active": asset.is_active,
            }
            for asset in assets
        ],
        {
            "id": "Asset",
            "kind": "Kind",
            "title": "Title",
            "topics": "Topics",
            "claims": "Claims>",
            "is_active": "Active",
        },
        as_json=as_json,
        empty="The library is empty. Fill it with `attune content import FILE`.",
    )


@app.command("show")
def show_content(
    asset_id: Annotated[str, typer.Argument(help="The asset.")], as_json: AsJson = False
) -> None:
    """Show one asset with everything a draft may say of it."""
    asset = doors.house().crm.asset(asset_id)
    if as_json:
        print_json(asset)
        return
    heading(f"{asset.title}  ({asset.kind.value})")
    line(f"  {asset.summary}")
    line(f"  {asset.call_to_action}: {asset.url}", style="dim")
    heading("Approved claims")
    names = names_of(doors.house().staff.members())
    for claim in asset.claims:
        by = names.get(claim.approved_by, claim.approved_by)
        until = f", until {claim.expires_on}" if claim.expires_on else ""
        line(f"  {claim.id}  {claim.text}")
        line(
            f"       {claim.source}; approved by {by} on {claim.approved_on}{until}",
            style="dim",
        )
    if offer := asset.offer:
        heading("Offer")
        line(f"  {offer.name}: {offer.terms} {money(offer.price_cents, offer.currency)}")
