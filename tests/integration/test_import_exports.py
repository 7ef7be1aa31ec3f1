"""Whole exports and awkward files, from files to tables; real ones where the data is."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from domain.errors import ImportRefused
from memory.crm.statements import (
    EVENTS,
)
from tests.integration.exports import Crm, rows_in, write
from tools.importers import Importer
from tools.importers.csv_file import CsvImporter
from tools.importers.hubspot import HubspotImporter
from tools.importers.mapping import Mapping
from tools.importers.salesforce import SalesforceImporter
from tools.importers.suggestion import suggest

SHARED = Path(os.environ.get("ATTUNE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
EXPORTS = SHARED / "crm_exports"
needs_exports = pytest.mark.skipif(not EXPORTS.exists(), reason=f"the CRM exports are not at {EXPORTS}")


@needs_exports
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("folder", "importer"), [("hubspot", HubspotImporter()), ("salesforce", SalesforceImporter())]
)
def test_every_row_of_every_table_of_a_real_export_is_accounted_for(
    crm: Crm, folder: str, importer: Importer
) -> None:
    files = sorted((EXPORTS / folder).glob("*.csv"))
    expected = {file.name: rows_in(file) for file in files}
    places = {row.place for row in importer.rows(EXPORTS / folder)}
    assert Counter(place.file for place in places) == Counter(expected)
    first = crm.take(importer, EXPORTS / folder)
    assert first.file_rows == sum(expected.values())
    assert first.rows == first.added + first.merged + first.rejected + first.skipped
    assert (first.changed, first.unchanged) == (0, 0)
    again = crm.take(importer, EXPORTS / folder)
    assert (again.added, again.changed, again.merged, again.suppressed) == (0, 0, 0, 0)
    assert again.unchanged == first.added + first.merged
    assert (again.rejected, again.skipped) == (first.rejected, first.skipped)


@needs_exports
@pytest.mark.shared_data
def test_hubspots_real_contacts_companies_and_deals_are_all_taken(crm: Crm) -> None:
    by_kind = crm.take(HubspotImporter(), EXPORTS / "hubspot").by_kind
    contacts = by_kind["contacts"]
    # One of the 22 contacts names three others among them as merged into it.
    assert (contacts["added"], contacts["merged"]) == (19, 3)
    assert contacts["added"] + contacts["merged"] == rows_in(EXPORTS / "hubspot" / "contact_data.csv")
    assert by_kind["accounts"] == {"added": rows_in(EXPORTS / "hubspot" / "company_data.csv")}
    assert by_kind["deals"] == {"added": rows_in(EXPORTS / "hubspot" / "deal_data.csv")}


@needs_exports
@pytest.mark.shared_data
@pytest.mark.parametrize("importer", [HubspotImporter(), SalesforceImporter()])
def test_an_importer_recognises_its_own_export_only(importer: Importer) -> None:
    recognised = {folder.name for folder in EXPORTS.iterdir() if importer.recognises(folder)}
    assert recognised == {importer.name}


@needs_exports
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "taken", "rejected"),
    [
        ("awkward_csv/import_excel.csv", 201, 0),
        ("awkward_csv/import_libreoffice.csv", 201, 0),
        ("awkward_csv/import_rfc_4180.csv", 201, 0),
        ("awkward_csv/import_rfc_4180_upsert.csv", 5, 0),
        ("awkward_csv/import_rfc_4180_with_status.csv", 4, 0),
        ("awkward_csv/import_malformed1.csv", 3, 0),
        ("awkward_csv/import_malformed2.csv", 0, 1),
        ("awkward_csv/import_with_data.csv", 2, 0),
        ("awkward_csv/keila_import_template.csv", 2, 0),
        ("awkward_csv/import_external_ids.csv", 4, 0),
        ("awkward_csv/import_external_ids_duplicate.csv", 3, 1),
        ("dittofeed/users.csv", 5, 0),
        ("dittofeed/missing-email-users.csv", 5, 0),
        ("dittofeed/missing-some-identifiers.csv", 3, 2),
        ("dittofeed/missing-identifiers.csv", 0, 5),
        ("dittofeed/subscription-group-actions.csv", 4, 1),
    ],
)
def test_awkward_files_import_by_their_suggested_mapping(
    crm: Crm, tmp_path: Path, name: str, taken: int, rejected: int
) -> None:
    file = EXPORTS / name
    (tmp_path / "m.yaml").write_text(suggest(file))
    importer = CsvImporter(tmp_path / "m.yaml")
    first = crm.take(importer, file)
    assert (first.added + first.merged + first.changed + first.unchanged, first.rejected) == (taken, rejected)
    assert first.file_rows == rows_in(file) == taken + rejected
    assert crm.rejects.exists() == bool(rejected)
    assert crm.take(importer, file).unchanged == taken


@needs_exports
@pytest.mark.shared_data
def test_a_file_without_a_header_and_a_spreadsheet_are_refused() -> None:
    with pytest.raises(ImportRefused, match="the header is missing"):
        suggest(EXPORTS / "dittofeed" / "missing-headers-users.csv")
    with pytest.raises(ImportRefused, match="is an OpenDocument spreadsheet"):
        suggest(EXPORTS / "awkward_csv" / "keila_import_template.ods")


@needs_exports
@pytest.mark.shared_data
def test_unsubscribed_rows_of_an_awkward_file_become_stops(crm: Crm, tmp_path: Path) -> None:
    file = EXPORTS / "awkward_csv" / "import_rfc_4180_with_status.csv"
    (tmp_path / "m.yaml").write_text(suggest(file))
    crm.take(CsvImporter(tmp_path / "m.yaml"), file)
    assert crm.stops() == {
        ("unsubscribed@example.com", "unsubscribed"),
        ("unreachable@example.com", "hard_bounce"),
    }


@pytest.mark.parametrize("importer", [HubspotImporter(), SalesforceImporter()])
def test_a_folder_of_other_things_is_refused(importer: Importer, tmp_path: Path) -> None:
    folder = write(tmp_path / "export", people="Name,Email\nAnn,ann@acme.example")
    assert not importer.recognises(folder)
    with pytest.raises(ImportRefused, match="is not a"):
        list(importer.rows(folder))
    (tmp_path / "none").mkdir()
    with pytest.raises(ImportRefused, match=r"no \.csv file here"):
        list(importer.rows(tmp_path / "none"))


def test_a_mapped_file_of_events_finds_contacts_of_the_same_source(crm: Crm, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "export",
        people="Id,Email\n1,ann@acme.example",
        seen="Who,When,Page\n1,2024-05-01 10:00,pricing\n2,2024-05-01 10:00,home",
    )
    people = Mapping.model_validate(
        {
            "source": "site",
            "outputs": [{"noun": "contacts", "fields": {"external_id": "Id", "email": "Email"}}],
        }
    )
    seen = Mapping.model_validate(
        {
            "source": "site",
            "outputs": [
                {
                    "noun": "events",
                    "fields": {
                        "provider_id": {"template": "{Who}-{When}"},
                        "kind": {"constant": "page_viewed"},
                        "at": "When",
                        "contact_external_id": "Who",
                        "topic": "Page",
                    },
                }
            ],
        }
    )
    crm.take(CsvImporter(people), folder / "people.csv")
    summary = crm.take(CsvImporter(seen), folder / "seen.csv")
    assert summary.by_kind == {"events": {"added": 1, "rejected": 1}}
    assert crm.all(EVENTS)[0].topic == "pricing"
