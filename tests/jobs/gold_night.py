"""One night on a small country in which every clause about parties and reasons has somebody; built once a test run."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from pyspark.sql import Row, SparkSession

from jobs import gold
from tests.jobs.gold_world import BILLION, MILLION, SETTINGS, World, keep

NIGHT = dt.date(2026, 11, 15)

# Its quarter is not due on that night, so that nobody can have declared too little of it.
NOT_DUE = "2026-10"

# A resident far from every other id by more than one slip.
STRANGER, STRANGER_CMND = "001085222333", "012345678"
DEAD, DEAD_CMND = "036055444999", "162345999"


@dataclass(frozen=True)
class Night:
    """What a night wrote, by party key (and reason)."""

    world: World
    cases: dict[tuple[str, str], Row]
    parties: dict[str, Row]

    def case(self, name: str, reason: str) -> Row:
        """The case of a shop's party for a reason."""
        return self.cases[self.world.keys[name], reason]

    def details(self, name: str) -> dict[str, str]:
        """Reason → detail of all cases of a shop's party."""
        return {reason: row["detail"] for (key, reason), row in self.cases.items() if key == self.world.keys[name]}

    def evidence(self, name: str, reason: str) -> dict[str, Any]:
        """Evidence of a case, read."""
        found: dict[str, Any] = json.loads(self.case(name, reason)["evidence"])
        return found

    def party(self, name: str) -> Row:
        """The party of a shop."""
        return self.parties[self.world.keys[name]]


@cache
def night(spark: SparkSession) -> Night:
    """The night of 15 November 2026 on `country`."""
    world = country()
    return read(world, gold.build(world.inputs(spark), NIGHT, SETTINGS, keep), 2026)


def read(world: World, built: gold.GoldOutputs, tax_year: int) -> Night:
    """A night's outputs of one tax year."""
    parties = [row for row in built.seller_parties.collect() if row["tax_year"] == tax_year]
    flagged = [row for row in built.flagged_sellers.collect() if row["tax_year"] == tax_year]
    assert len({row["party_key"] for row in parties}) == len(parties)
    keyed = {(world.keys[row["shops"][0]["shop_id"]], row["reason"]): row for row in flagged}
    assert len(keyed) == len(flagged)
    return Night(world, keyed, {row["party_key"]: row for row in parties})


def country() -> World:
    """Everybody, clause by clause."""
    world = World()
    world.resident("stranger", STRANGER, cmnd=STRANGER_CMND)
    world.resident("dead", DEAD, cmnd=DEAD_CMND, status="deceased")
    _registrations(world)
    _suspended(world)
    _parties_by_code(world)
    _declarations(world)
    _declarations_under_other_codes(world)
    _identities(world)
    _accounts(world)
    _of_a_company(world)
    _without_a_party(world)
    _revenues(world)
    return world


def _of_a_company(world: World) -> None:
    represents = world.seller("represents a company")
    world.taxpayer("0300000900", "organisation", "00", represents, person_id=represents)


def _registrations(world: World) -> None:
    business = "household_business"
    world.seller("no code")
    world.taxpayer("8000000001", "individual", "00", world.seller("individual code"))
    world.seller("exactly the threshold", BILLION)
    for status in ("00", "02", "01", "03", "05", "04", "06", "07", "08", "09", "10"):
        world.taxpayer(f"80000001{status}", business, status, world.seller(f"status {status}", period=NOT_DUE), p=0.9)
    world.taxpayer("8000000203", business, "03", world.seller("stopped, small", 900 * MILLION))
    both = world.seller("stopped and moved away")
    world.taxpayer("8000000303", business, "03", both)
    world.taxpayer("8000000306", business, "06", both)
    held = world.seller("stopped, another in review")
    world.taxpayer("8000000403", business, "03", held, closed_on=dt.date(2026, 1, 20))
    world.taxpayer("8000000400", business, "00", held, decision="review")
    closed = world.seller("closed after its last sale")
    world.taxpayer("8000000450", business, "03", closed, closed_on=dt.date(2026, 11, 10))
    again = world.seller("stopped, then opened anew", period=NOT_DUE)
    world.taxpayer("8000000501", business, "01", again)
    world.taxpayer("9000000500", business, "00", again)
    world.taxpayer(
        "8000000600", business, "00", world.seller("in review a"), world.seller("in review b"), decision="review"
    )
    world.taxpayer("8000000700", business, "00", world.seller("not his"), decision="none")
    world.taxpayer("8000000800-888", "individual", "00", world.seller("e-commerce code", period=NOT_DUE))
    withheld = world.resident("fully withheld")
    world.shop("fully withheld", to=withheld)
    world.sale("fully withheld", BILLION + 33, vat=10_000_000, pit=5_000_000)
    # Of 100.000.019 đồng 5 % and 2 % are not whole đồng: what is withheld is as near as may be.
    world.sale("fully withheld", 100 * MILLION + 19, category="services", vat=5_000_000, pit=2_000_000)
    world.sale("fully withheld", -5 * MILLION, category="transport")
    partly = world.resident("partly withheld")
    world.shop("partly withheld", to=partly)
    world.sale("partly withheld", BILLION, vat=10_000_000, pit=5_000_000)
    world.sale("partly withheld", 100 * MILLION, category="services", vat=5_000_000, pit=1_999_999)


def _suspended(world: World) -> None:
    # Of a suspension the registry has no date: when the last of the two stopped nobody knows.
    suspended = world.seller("suspended, closed long ago")
    world.taxpayer("8000000461", "household_business", "03", suspended, closed_on=dt.date(2019, 5, 1))
    world.taxpayer("8000000462", "household_business", "05", suspended)


def _parties_by_code(world: World) -> None:
    world.taxpayer("8100000103", "household_business", "03", province34="92")
    world.shop("shop of a stopped code", code="8100000103", by="tax_code")
    world.sale("shop of a stopped code", 1_300 * MILLION)
    world.taxpayer("8100000200", "household_business", "00")
    world.shop("shop of a code, small", code="8100000200")
    world.sale("shop of a code, small", 10 * MILLION)
    for name, code, status, gross in (
        ("company, stopped", "0310000101", "01", MILLION),
        ("company, stopped, nothing sold", "0310000205", "05", 0),
        ("company, moved away", "0310000306", "06", 2 * BILLION),
        ("company, status 10", "0310000410", "10", 2 * BILLION),
    ):
        world.taxpayer(code, "organisation", status)
        world.shop(name, code=code)
        world.sale(name, gross)


def _declarations(world: World) -> None:
    def business(name: str, *codes: str, kind: str = "household_business") -> None:
        owner = world.seller(name)
        for code in codes:
            world.taxpayer(code, kind, "00", owner)

    for number, (name, declared) in enumerate(
        {
            "declares nothing": {},
            "declares half": {"2026-Q1": 600 * MILLION},
            "declares less than half": {"2026-Q1": 599_999_999},
            "declares by month": {f"2026-0{month}": 200 * MILLION for month in (1, 2, 3)},
            "quarter beats months": {"2026-Q1": 100 * MILLION, "2026-02": BILLION},
            "declares the year too early": {"2026": 2 * BILLION},
            "declares in another quarter that is due": {"2026-Q3": 600 * MILLION},
            "declares in a quarter that is not due": {"2026-Q4": 600 * MILLION, "2026-11": BILLION},
        }.items()
    ):
        business(name, f"82000000{number:02d}")
        for period, vnd in declared.items():
            world.declared(f"82000000{number:02d}", period, vnd)
    business("declares under two codes", "8200000101", "8200000102")
    world.declared("8200000101", "2026-Q1", 300 * MILLION)
    world.declared("8200000102", "2026-Q1", 300 * MILLION)
    business("declares under a code in review", "8200000201")
    world.taxpayer(
        "8200000202", "household_business", "00", world.ids["declares under a code in review"], decision="review"
    )
    world.declared("8200000202", "2026-Q1", BILLION)
    business("mostly withheld", "8200000301")
    world.sale("mostly withheld", 9 * BILLION, "2026-03", vat=1)
    world.declared("8200000301", "2026-Q1", 600 * MILLION)
    # The registry has the code in two spellings, and so has what was declared.
    business("declares once, written twice", "8200000501", " 8200000501")
    world.declared("8200000501", "2026-Q1", 300 * MILLION, paid=9 * MILLION)
    world.declared(" 8200000501", "2026-Q1", 300 * MILLION, paid=9 * MILLION)
    world.taxpayer("0320000400", "organisation", "00")
    world.shop("company, mostly withheld", code="0320000400")
    world.sale("company, mostly withheld", 1_200 * MILLION)
    world.sale("company, mostly withheld", 9 * BILLION, "2026-03", vat=1)
    world.declared("0320000400", "2026-Q1", 600 * MILLION)


def _declarations_under_other_codes(world: World) -> None:
    def business(name: str, code: str) -> None:
        world.taxpayer(code, "household_business", "00", world.seller(name))

    # A suffix is kept or dropped as people please, and a person's id is a tax code.
    business("declares without the suffix", "8200000601-888")
    world.declared("8200000601", "2026-Q1", BILLION)
    business("declares with a suffix", "8200000602")
    world.declared("8200000602-888", "2026-Q1", BILLION)
    business("declares by the own id", "8200000603")
    world.declared(world.ids["declares by the own id"], "2026-Q1", BILLION)
    business("shares the digits of its code", "8200000604-001")
    business("shares them too", "8200000604-002")
    world.declared("8200000604-003", "2026-Q1", BILLION)
    world.taxpayer("0320000500", "organisation", "00")
    world.shop("company, declares as a branch that no register lists", code="0320000500")
    world.sale("company, declares as a branch that no register lists", 1_200 * MILLION)
    world.declared("0320000500-001", "2026-Q1", BILLION)
    # All that was sold bears tax, but for what came back.
    business("took more back than it sold untaxed", "8200000701")
    world.sale("took more back than it sold untaxed", -2 * BILLION, "2026-03")
    world.sale("took more back than it sold untaxed", 3 * BILLION, "2026-03", vat=1)
    world.declared("8200000701", "2026-Q1", -900 * MILLION)


def _identities(world: World) -> None:
    def declares(name: str, kind: str, value: str, personal_id: str | None = None, cmnd: str | None = None) -> None:
        column = {"personal_id": "person_id", "cmnd": "cmnd", "passport": "passport"}.get(kind)
        found = world.resident(name, personal_id, cmnd=cmnd)
        shop: dict[str, Any] = {column: value} if column else {}
        world.shop(name, to=found, id_kind=kind, id_number=value, **shop)
        world.sale(name, 1_200 * MILLION)

    declares("own id", "personal_id", "079190500001", "079190500001")
    declares("own cmnd", "cmnd", "271234560", cmnd="271234560")
    declares("another's id", "personal_id", STRANGER)
    declares("another's cmnd", "cmnd", STRANGER_CMND)
    declares("slip that hits another", "personal_id", STRANGER, "001085222334")
    declares("slip of the cmnd that hits another", "cmnd", STRANGER_CMND, cmnd="012345687")
    declares("slip of one digit", "personal_id", "079190500003", "079190500002")
    declares("two neighbours swapped", "personal_id", "079190500205", "079190500025")
    declares("slip of the cmnd", "cmnd", "271234569", cmnd="271234561")
    declares("a digit lost", "other", "07919050006", "079190500606")
    declares("far too short", "other", "0791905")
    declares("the id of the dead", "personal_id", DEAD)
    declares("the cmnd of the dead", "cmnd", DEAD_CMND)
    declares("slip that hits the dead", "personal_id", DEAD, "036055444998")
    declares("an id of nobody", "personal_id", "079888777666")
    declares("a cmnd of nobody", "cmnd", "999888777")
    declares("masked", "masked", "0010******33")
    declares("passport", "passport", "B1234567")
    declares("tax code for an id", "tax_code", "0100233488")
    declares("zero for an id", "other", "0")


def _accounts(world: World) -> None:
    def paid(name: str, account: dict[str, Any], **shop: str) -> None:
        world.shop(name, to=world.ids[name], **{"p": 0.97, **account, **shop})
        world.sale(name, 1_200 * MILLION, NOT_DUE)

    stranger = {"personal_id": STRANGER}
    paid("own account", world.account("1001", personal_id=world.resident("own account")))
    world.resident("a stranger's account")
    paid("a stranger's account", world.account("1002", **stranger, match_probability=0.9))
    spouse = world.resident("spouse", household_id="h-spouse's account")
    world.resident("spouse's account")
    paid("spouse's account", world.account("1003", personal_id=spouse))
    world.resident("a company's account")
    paid("a company's account", world.account("1004", tax_code="0300000900", personal_id=None))
    owner = world.resident("account on the own code")
    world.taxpayer("8300000100", "household_business", "00", owner)
    paid("account on the own code", world.account("1005", code="8300000100", tax_code="8300000100"))
    world.resident("account of a doubtful holder")
    paid("account of a doubtful holder", world.account("1006", "review", **stranger))
    world.resident("account of an unknown holder")
    paid("account of an unknown holder", world.account("1007"))
    world.resident("slip and stranger's account", "001085222233")
    slip = {"id_kind": "personal_id", "person_id": STRANGER, "id_number": STRANGER}
    paid("slip and stranger's account", world.account("1008", **stranger), **slip)


def _without_a_party(world: World) -> None:
    candidate = world.resident("candidate")
    for name, decision, gross in (
        ("nobody found", "none", 1_200 * MILLION),
        ("somebody in review", "review", 1_200 * MILLION),
        ("nobody found, at the threshold", "none", BILLION),
    ):
        world.shop(name, decision, to=candidate, p=0.6)
        world.sale(name, gross)
    world.resembles("nobody found", 0.07, "Ngày sinh", "Số định danh")
    world.taxpayer("9100000100", "foreign_supplier", "00")
    world.taxpayer("9100000200", "foreign_supplier", "00", id_number="E 1234-5678", passport="E12345678")
    world.taxpayer("9100000303", "foreign_supplier", "03")
    for name, gross, declared in (
        ("abroad", 1, {}),
        ("abroad, sold nothing", 0, {}),
        ("abroad, sold and took back", -1, {}),
        ("abroad, registered", 5 * BILLION, {"tax_code": "9100000100", "code": "9100000100"}),
        ("abroad, an id that is none", 5 * BILLION, {"id_number": "N/A"}),
        ("abroad, registered by passport", 5 * BILLION, {"id_number": "E12345678", "passport": "E12345678"}),
        ("abroad, registration ended", 5 * BILLION, {"tax_code": "9100000303", "code": "9100000303"}),
        # One of two papers hits.
        ("abroad, ended, another passport", BILLION, {"tax_code": "9100000303", "passport": "X9", "id_number": "X9"}),
        (
            "abroad, registered, another passport",
            BILLION,
            {"tax_code": "9100000100", "passport": "X9", "id_number": "X9"},
        ),
    ):
        world.shop(name, "none", country="CN", province34=None, **declared)  # type: ignore[arg-type]
        world.sale(name, gross, category="services")
    world.shop("abroad, linked all the same", country="US", to=candidate)
    world.sale("abroad, linked all the same", 5 * BILLION)


def _revenues(world: World) -> None:
    def owner(name: str, *shops: tuple[float, int]) -> None:
        found = world.resident(name)
        for number, (p, gross) in enumerate(shops):
            shop = world.shop(name if number == 0 else f"{name} {number}", to=found, p=p, province34=f"1{number}")
            world.sale(shop, gross)

    owner("two shops, neither above", (0.99, 600 * MILLION), (0.97, 600 * MILLION))
    owner("two shops, one above", (0.96, 1_100 * MILLION), (0.99, 200 * MILLION))
    owner("two shops, the surer above", (0.99, 1_100 * MILLION), (0.95, 200 * MILLION))
    owner("three shops, equally sure", (0.98, 400 * MILLION), (0.98, 400 * MILLION), (0.98, 400 * MILLION))
    mixed = world.resident("all kinds of sales", province34=None)
    world.shop("all kinds of sales", to=mixed, province34="22")
    world.shop("on another platform", to=mixed, platform="san_b", province34="33")
    world.sale("all kinds of sales", 400 * MILLION, "2026-01")
    world.sale("all kinds of sales", 400 * MILLION + 67, NOT_DUE, vat=900_000, pit=100_000)
    world.sale("all kinds of sales", -50 * MILLION, "2026-03", "transport")
    world.sale("all kinds of sales", 300 * MILLION, "2026-03", "services")
    world.sale("all kinds of sales", 10 * MILLION, "2026-11", "undetermined")
    world.sale("all kinds of sales", 900 * BILLION, "2026-12")
    world.sale("all kinds of sales", 900 * BILLION, "2025-12")
    world.sale("all kinds of sales", 900 * BILLION, platform="a platform that has no such shop")
    world.sale("on another platform", 500 * MILLION, platform="san_b")
    world.sale("a shop that is not there yet", 900 * BILLION)
    world.shop("very large", to=world.resident("very large"))
    world.sale("very large", 10**15, "2026-01")
    world.sale("very large", 10**15, "2026-02")
