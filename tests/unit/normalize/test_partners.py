"""Rows of code maps that hold for one partner: by the header `partner`, from a folder, without a change of code."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.contracts.messages import decode
from streams.domain.event import Event
from streams.domain.vocabulary import Milestone
from streams.errors import ConfigurationError
from streams.hop import Output
from streams.hops import normalize
from streams.normalize.codes import CodeMapError, PartnerMaps, code_map, partner_maps
from streams.offline.memory import MemoryRows
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import CARRIER_RAW
from tests.unit.normalize.reading import raw, refusal
from tests.unit.normalize.records import CARRIER_HEAD, X12_214

FORMAT = "milepost.carrier.v1"
HEAD = "code,type,milestone,classifier,reason_class,effect,provenance,example\n"
LOCKER = "LOCKER,,AVAILABLE_FOR_COLLECTION,ACT,,,their guide 4.1,in a locker\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "northwind").mkdir()
    (tmp_path / "northwind" / f"{FORMAT}.csv").write_text(HEAD + LOCKER + "ON_VEHICLE,,IN_TRANSIT,ACT,,,their guide 4.2,on any vehicle\n")
    return tmp_path


def said(maps: PartnerMaps, code: str, partner: str) -> Event:
    hop = normalize.hop(100_000, partners=maps)
    (found,) = hop.run(MemoryRows(None), [raw(CARRIER_RAW, {**CARRIER_HEAD, "code": code}, {"partner": partner})])
    assert isinstance(found, Output)
    event = decode(found.value or b"")
    assert isinstance(event, Event)
    return event


def test_a_partners_row_adds_to_or_stands_in_for_the_standard_one(folder: Path) -> None:
    maps = partner_maps(folder)
    assert said(maps, "LOCKER", "northwind").milestone is Milestone.AVAILABLE_FOR_COLLECTION
    assert said(maps, "ON_VEHICLE", "northwind").milestone is Milestone.IN_TRANSIT
    assert said(maps, "DELIVERED", "northwind").milestone is Milestone.DELIVERED


def test_other_partners_keep_the_standard_meaning(folder: Path) -> None:
    assert said(partner_maps(folder), "ON_VEHICLE", "southwind").milestone is Milestone.OUT_FOR_DELIVERY
    assert "no row" in refusal(CARRIER_RAW, {**CARRIER_HEAD, "code": "LOCKER"}, {"partner": "southwind"}).message


def test_the_version_names_the_standard_map_and_the_partners_rows(folder: Path) -> None:
    before = said(partner_maps(folder), "LOCKER", "northwind").lineage.map_version
    assert before.startswith(f"{code_map(FORMAT).version}+northwind@")
    file = folder / "northwind" / f"{FORMAT}.csv"
    file.write_text(file.read_text().replace("4.1", "4.3"))
    assert said(partner_maps(folder), "LOCKER", "northwind").lineage.map_version != before


def test_without_a_folder_there_are_no_partners() -> None:
    assert partner_maps(None).maps == {}


def test_a_folder_of_bad_rows_stops_the_start_and_names_file_and_line(folder: Path) -> None:
    file = folder / "northwind" / f"{FORMAT}.csv"
    file.write_text(HEAD + LOCKER + "X,,NO_SUCH_THING,ACT,,,guide,x\n")
    with pytest.raises(CodeMapError, match=rf"northwind/{FORMAT}\.csv: .*line 3"):
        partner_maps(folder)
    with pytest.raises(ConfigurationError, match="correct the rows"):
        hops(Settings(partners_dir=folder))


def test_a_file_for_a_format_without_a_map_or_a_missing_folder_stops_the_start(folder: Path) -> None:
    with pytest.raises(CodeMapError, match="no such folder"):
        partner_maps(folder / "nowhere")
    (folder / "northwind" / "vendor.x.csv").write_text(HEAD)
    with pytest.raises(CodeMapError, match=r"no map of vendor\.x"):
        partner_maps(folder)


def test_a_partners_rows_also_hold_for_edi(tmp_path: Path) -> None:
    (tmp_path / "northwind").mkdir()
    (tmp_path / "northwind" / "x12.214.csv").write_text(
        HEAD + "X6,AT701,ARRIVED_TERMINAL,ACT,,,their guide 4.1,at a hub\nOO,AT701,OUT_FOR_DELIVERY,ACT,,,their guide 4.2,on the van\n"
    )
    hop = normalize.hop(100_000, partners=partner_maps(tmp_path))

    def milestones(code: str, partner: str) -> list[Milestone]:
        record = {**X12_214, "segments": ["ST*214*0001", "B10*0012345678*80000001*OLDF", "LX*1", f"AT7*{code}*NS***20260601*0815*LT"]}
        found = hop.run(MemoryRows(None), [raw(CARRIER_RAW, record, {"format": "x12.214", "partner": partner})])
        events = [decode(output.value or b"") for output in found if isinstance(output, Output)]
        assert len(events) == len(found)
        return [event.milestone for event in events if isinstance(event, Event)]

    assert milestones("X6", "northwind") == [Milestone.ARRIVED_TERMINAL]
    assert milestones("OO", "northwind") == [Milestone.OUT_FOR_DELIVERY]
    assert milestones("X6", "southwind") == [Milestone.IN_TRANSIT]
    assert milestones("OO", "southwind") == []


def test_a_partner_may_silence_a_code_or_give_a_silent_one_a_meaning(tmp_path: Path) -> None:
    folder = tmp_path / "northwind"
    folder.mkdir()
    (folder / f"{FORMAT}.csv").write_text(HEAD + "ON_VEHICLE,,SILENT,,,,their guide 5,their van moves\n")
    (folder / "project44.ltl.v4.csv").write_text(HEAD + "INFO,,IN_TRANSIT,ACT,,,their guide 6,still moving\n")
    maps = partner_maps(tmp_path)
    emissions = normalize.hop(100_000, partners=maps).run(
        MemoryRows(None), [raw(CARRIER_RAW, {**CARRIER_HEAD, "code": "ON_VEHICLE"}, {"partner": "northwind"})]
    )
    assert emissions == []
    talking = maps.of("northwind", code_map("project44.ltl.v4"))
    assert talking.meaning("INFO").milestone is Milestone.IN_TRANSIT
    assert ("INFO", "") not in talking.silent
