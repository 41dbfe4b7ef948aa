"""Settings of the sample country (`settings.yaml`): frozen, typed, unknown keys are errors."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

DEFAULT_FILE = Path(__file__).parent / "settings.yaml"
Rate = Annotated[float, Field(ge=0, le=1)]
Weights = tuple[Annotated[float, Field(ge=0)], ...]
FourCohorts = tuple[Rate, Rate, Rate, Rate]
Format = Literal["parquet", "csv", "csv.gz", "jsonl", "jsonl.gz"]


class Section(BaseModel):
    """A part of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Rates(Section):
    """Kinds of noise with the share of each; what is left over is right."""

    def shares(self) -> dict[str, float]:
        """Share by kind, in the order of the section."""
        return {name: float(getattr(self, name)) for name in type(self).model_fields}

    @model_validator(mode="after")
    def _at_most_one(self) -> Rates:
        if sum(self.shares().values()) > 1 + 1e-9:
            raise ValueError("the shares of the kinds exceed 1 together")
        return self


class Threshold(Section):
    """Revenue threshold of tax years from one on, and when it became known."""

    tax_year_from: int
    known_from: datetime.date
    vnd: PositiveInt
    basis: str


class HouseholdSettings(Section):
    """Who lives together."""

    sizes: Weights
    with_spouse: Rate
    male_heads: Rate
    lodgers: Rate
    parents: Weights
    head_age: PositiveFloat
    head_age_spread: PositiveFloat
    born_on_new_year: Rate
    twins: Rate
    migrants: Rate
    spouse_from_elsewhere: Rate


class NameSettings(Section):
    """Shapes of names by cohort of birth (-1969, -1984, -1999, 2000-)."""

    two_tokens_male: Rate
    two_tokens_female: Rate
    four_tokens_male: FourCohorts
    four_tokens_female: FourCohorts
    thi_of_three: FourCohorts
    thi_of_four: FourCohorts
    van: FourCohorts
    maternal_middle: Rate
    same_middle: Rate
    similar_in_family: Rate


class PeopleSettings(Section):
    """Ids and fates of people."""

    outsiders: Rate
    namesakes: Rate
    namesakes_nearby: Rate
    near_ids: Rate
    born_abroad: Rate
    id_year_differs: Rate
    cmnd: Rate
    cmnd_until_birth_year: int
    deceased: FourCohorts
    missing: Rate
    emigrated: Rate
    strangers_alike: Rate


class AddressForms(Rates):
    """How an address is typed."""

    abbreviated: Rate
    bare: Rate
    no_district: Rate
    province_only: Rate


class AddressSettings(Section):
    """Moves, and the units in which addresses stand in each source."""

    moved: Rate
    moved_nearby: Rate
    no_number: Rate
    new_units_residents: Rate
    differs_in_household: Rate
    new_units_elsewhere: Rate
    stale_province_code: Rate
    forms_residents: AddressForms
    forms_elsewhere: AddressForms


class TextNoise(Rates):
    """Styles of writing, see `writing.STYLES`."""

    upper: Rate
    lower: Rate
    unaccented: Rate
    unaccented_upper: Rate
    unaccented_lower: Rate
    decomposed: Rate
    cp1252: Rate
    question_marks: Rate
    tcvn3: Rate
    vni: Rate
    telex: Rate
    tone_place: Rate
    i_for_y: Rate
    misspelled: Rate


class SpacingNoise(Rates):
    """What stands between words."""

    nbsp: Rate
    double_blank: Rate
    zero_width: Rate


class TextSettings(Section):
    """Style of writing of each source."""

    residents: TextNoise
    taxpayers: TextNoise
    banks: TextNoise
    telecom: TextNoise
    sellers: TextNoise
    addresses: TextNoise


class DateNoise(Rates):
    """What happens to a birth date."""

    missing: Rate
    year_only: Rate
    new_year: Rate
    swapped: Rate
    wrong_day: Rate
    wrong_year: Rate


class PhoneForms(Rates):
    """Written forms of a phone number."""

    plus84: Rate
    international: Rate
    no_zero: Rate
    dotted: Rate
    spaced: Rate
    eleven: Rate


class ContactRates(Rates):
    """Whose number a contact phone is."""

    missing: Rate
    former: Rate
    household: Rate
    stranger: Rate


class IdOnFile(Rates):
    """What an office has as a person's id."""

    missing: Rate
    cmnd: Rate
    mistyped: Rate
    other_person: Rate


class OrganisationSettings(Section):
    """Organisations and sellers abroad."""

    per_resident: Rate
    equal_names: Rate
    foreign_per_resident: Rate
    foreign_registered: Rate
    foreign_inactive: Rate


class PartySettings(Section):
    """Who trades online, and how much."""

    sellers: Rate
    spouse_sells_too: Rate
    sellers_among_outsiders: Rate
    organisations: Rate
    hiders: Rate
    shops: Weights
    splits: Rate
    median_revenue: PositiveFloat
    revenue_spread: PositiveFloat
    organisation_scale: PositiveFloat
    foreign_scale: PositiveFloat


class BusinessStates(Rates):
    """State of a person's registration for business; the rest has none."""

    active: Rate
    stopped: Rate
    other: Rate


class BusinessForms(Rates):
    """Form of the business code; the rest trades under the personal id."""

    ten_digits: Rate
    ecommerce: Rate
    two_codes: Rate


class BusinessNames(Rates):
    """Name of a household business; the rest bears the person's name."""

    prefixed: Rate
    brand: Rate


class RegistrySettings(Section):
    """The tax registry."""

    business_of_sellers: BusinessStates
    business_of_hiders: BusinessStates
    business_of_others: BusinessStates
    business_form: BusinessForms
    ecommerce_individual: Rate
    old_code_kept: Rate
    branches: Rate
    individuals: Rate
    converted: Rate
    active_statuses: Weights
    stopped_statuses: Weights
    other_statuses: Weights
    individual_statuses: Weights
    organisation_statuses: Weights
    organisation_branches: Rate
    business_name: BusinessNames
    id_number: IdOnFile
    date_of_birth: DateNoise
    phone: ContactRates
    old_address: Rate
    no_address: Rate
    email: Rate
    line_breaks: Rate
    superseded: Rate


class BankIds(IdOnFile):
    """Ids in bank records."""

    tax_code: Rate
    passport: Rate


class BankSettings(Section):
    """Bank accounts and payments into them."""

    accounts: Weights
    company_accounts: Weights
    seller_has_account: Rate
    vanity_phone: Rate
    vanity_letters: Rate
    unreported: Rate
    statuses: Weights
    id_number: BankIds
    phone: ContactRates
    inflows_of_shops: Rate
    inflows_of_others: Rate


class SimHolder(Rates):
    """In whose name a SIM is; the rest is in the user's own."""

    household: Rate
    stranger: Rate


class TelecomSettings(Section):
    """SIM cards."""

    sims: Weights
    seller_has_sim: Rate
    closed: Rate
    former_number: Rate
    reissued: Rate
    former_still_active: Rate
    holder: SimHolder
    holder_of_hiders: SimHolder
    id_number: IdOnFile
    date_of_birth: DateNoise
    phone_forms: PhoneForms
    unreadable: Rate


class Platform(Section):
    """A platform (all invented): its share of shops, and of how many of them it withholds tax in full."""

    name: str
    share: PositiveFloat
    withholds: Rate


class DeclaredId(Rates):
    """What a seller gives as its id."""

    missing: Rate
    masked: Rate
    cmnd: Rate
    mistyped: Rate
    mistyped_twice: Rate
    household: Rate
    stranger: Rate
    deceased: Rate
    invented: Rate
    passport: Rate
    zero_lost: Rate
    spaced: Rate


class SellerNames(Rates):
    """What a seller gives as its name; the rest gives the full name."""

    missing: Rate
    brand: Rate
    nickname: Rate
    initials: Rate
    swapped: Rate
    no_middle: Rate
    household: Rate


class Payout(Rates):
    """Whose account a seller is paid to; the rest to its own."""

    missing: Rate
    spouse: Rate
    household: Rate
    relative: Rate
    stranger: Rate
    pool: Rate
    company: Rate


class SellerPhones(ContactRates):
    """Whose phone a seller gives, and whether the platform masks it."""

    masked: Rate


class SellerTaxCodes(Rates):
    """What a registered seller gives as its tax code; the rest gives the right one."""

    missing: Rate
    individual: Rate
    mistyped: Rate
    no_hyphen: Rate
    zero_lost: Rate
    stranger: Rate
    other_branch: Rate


class UnregisteredTaxCodes(Rates):
    """What a seller without registration gives as its tax code; the rest gives none."""

    individual: Rate
    personal_id: Rate
    stranger: Rate


class SellerTypes(Rates):
    """What a seller gives as its type."""

    missing: Rate
    wrong: Rate


class SellerAddresses(Rates):
    """Where a seller's goods are picked up; the rest at home."""

    missing: Rate
    old_home: Rate
    elsewhere: Rate


class SellerEmails(Rates):
    """A seller's e-mail; the rest is its own."""

    missing: Rate
    masked: Rate
    other: Rate


class SellerSettings(Section):
    """What shops declare of their owners; `…_of_hiders` holds for parties that hide, in every field at once."""

    platforms: tuple[Platform, ...]
    closed: Rate
    suspended: Rate
    loyalty: Rate
    lends_name: Rate
    id_of_namesake: Rate
    mistyped_onto_neighbour: Rate
    no_country: Rate
    late_row: Rate
    declared_id: DeclaredId
    declared_id_of_hiders: DeclaredId
    name: SellerNames
    name_of_hiders: SellerNames
    date_of_birth: DateNoise
    date_of_birth_of_hiders: DateNoise
    phone: SellerPhones
    phone_of_hiders: SellerPhones
    payout: Payout
    payout_of_hiders: Payout
    tax_code: SellerTaxCodes
    tax_code_unregistered: UnregisteredTaxCodes
    seller_type: SellerTypes
    address: SellerAddresses
    address_of_hiders: SellerAddresses
    email: SellerEmails
    email_of_hiders: SellerEmails
    firm_gives_id: Rate
    firm_paid_to_representative: Rate
    pool_of_company: Rate
    shops_a_pool: PositiveInt


class SalesSettings(Section):
    """Monthly sales."""

    months_with_sales: Rate
    month_spread: PositiveFloat
    negative_months: Rate
    categories: Weights
    second_category: Rate
    partly_withheld: Rate


class Habits(Rates):
    """How often a taxpayer files; the rest by quarter."""

    monthly: Rate
    both: Rate
    yearly: Rate
    never: Rate


class Honesty(Rates):
    """How much of its revenue a taxpayer declares; the rest about all."""

    low: Rate
    about_half: Rate
    nil: Rate


class DeclarationSettings(Section):
    """Declarations."""

    habits: Habits
    honesty: Honesty
    late: Rate
    under_another_code: Rate
    codes_without_shops: Rate
    due_share: Rate


class DeliverySettings(Section):
    """Format and files of each source."""

    formats: dict[str, Format]
    rows_a_file: PositiveInt
    bom: tuple[str, ...]


class Settings(Section):
    """All settings of the sample country."""

    thresholds: tuple[Threshold, ...]
    households: HouseholdSettings
    names: NameSettings
    people: PeopleSettings
    addresses: AddressSettings
    text: TextSettings
    spacing: SpacingNoise
    phone_forms: PhoneForms
    organisations: OrganisationSettings
    parties: PartySettings
    registry: RegistrySettings
    banks: BankSettings
    telecom: TelecomSettings
    sellers: SellerSettings
    sales: SalesSettings
    declarations: DeclarationSettings
    delivery: DeliverySettings


SampleSettings = Settings


def load_settings(file: Path = DEFAULT_FILE) -> Settings:
    """Settings from a YAML file."""
    return Settings.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
