"""What several agencies write: names, ids on file, addresses."""

from __future__ import annotations

import numpy as np

from sample_data.arrays import Bools, Ints, Text
from sample_data.country import Country
from sample_data.ids import CMND_WIDTH, PERSONAL_ID_WIDTH, mistyped, written_id
from sample_data.noise import spacing, text_styles
from sample_data.people import People
from sample_data.places import Homes, draw_forms, write_addresses
from sample_data.settings import AddressForms, TextNoise
from sample_data.streams import Kinds, Streams


def write_text(streams: Streams, country: Country, tag: str, words: Ints, noise: TextNoise) -> Text:
    """Texts of rows of words in the style of a source."""
    style = text_styles(streams, tag, len(words), noise, words=words.shape[1])
    return country.lexicon.write(words, style, spacing(streams, tag, len(words), country.settings.spacing))


def id_on_file(streams: Streams, tag: str, people: People, person: Ints, kinds: Kinds) -> Text:
    """The id that a bank, an operator or a tax office has of a person: kinds of `IdOnFile`; null for nobody."""
    use_cmnd = kinds["cmnd"] & (people.cmnd[person] > 0)
    number = np.where(use_cmnd, people.cmnd[person], people.personal_id[person])
    width = np.where(use_cmnd, CMND_WIDTH, PERSONAL_ID_WIDTH)
    number = np.where(kinds["mistyped"], mistyped(streams, f"{tag}.id_slip", number, width), number)
    other = np.where(people.at_home >= 0, people.at_home, people.strangers)[person]
    swap = kinds["other_person"]
    number, width = np.where(swap, people.personal_id[other], number), np.where(swap, PERSONAL_ID_WIDTH, width)
    return written_id(number, np.where(kinds["missing"] | (person < 0), 0, width))


def write_homes(
    streams: Streams, country: Country, tag: str, homes: Homes, new_units: Bools, forms: AddressForms, noise: TextNoise
) -> Text:
    """Addresses as a source has them."""
    n = len(homes.commune)
    style = text_styles(streams, f"{tag}.address", n, noise)[:, 0]
    comma = spacing(streams, f"{tag}.address", n, country.settings.spacing, mark=",")
    kinds = draw_forms(streams, tag, n, forms)
    return write_addresses(country.lexicon, country.places, homes, new_units, kinds, style, comma)
