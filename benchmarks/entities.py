"""Made-up entities in the shapes and proportions of Enhetsregisteret: names with a long tail, four in ten sole traders."""

from __future__ import annotations

import gzip
import json
import random
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from stdnum.no import orgnr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = ["Anne", "Inger", "Kari", "Marit", "Ingrid", "Liv", "Eva", "Berit", "Astrid", "Bjørg", "Hilde", "Anna", "Solveig", "Marianne", "Randi", "Ida", "Nina", "Maria", "Elisabeth", "Kristin", "Åse", "Åshild", "Øydis", "Turid", "Ragnhild", "Silje", "Camilla", "Hanne", "Monica", "Mette", "Jan", "Per", "Bjørn", "Ole", "Lars", "Kjell", "Knut", "Arne", "Svein", "Thomas", "Hans", "Geir", "Tor", "Morten", "Terje", "Odd", "Erik", "Martin", "Andreas", "John", "Anders", "Rune", "Trond", "Tore", "Daniel", "Jon", "Kristian", "Magnus", "Stian", "Øyvind", "Øystein", "Håkon", "Åge", "Sondre", "Sindre", "Jo-Stein", "Mohammed", "Ali", "Piotr", "Jose", "Sofie", "Emma", "Nora", "Sara", "Leah", "Aksel", "Oskar", "Filip", "Henrik", "Mathias"]
LAST = ["Hansen", "Johansen", "Olsen", "Larsen", "Andersen", "Pedersen", "Nilsen", "Kristiansen", "Jensen", "Karlsen", "Johnsen", "Pettersen", "Eriksen", "Berg", "Haugen", "Hagen", "Johannessen", "Andreassen", "Jacobsen", "Dahl", "Jørgensen", "Halvorsen", "Henriksen", "Lund", "Sørensen", "Jakobsen", "Moen", "Gundersen", "Iversen", "Strand", "Solberg", "Svendsen", "Eide", "Knutsen", "Martinsen", "Paulsen", "Bakken", "Kristoffersen", "Mathisen", "Lie", "Amundsen", "Nguyen", "Rasmussen", "Lunde", "Solheim", "Moe", "Nygård", "Bøe", "Ødegård", "Ødegaard", "Aas", "Aasen", "Åsen", "Sæther", "Sæter", "Ahmed", "Ali", "Kowalski", "Næss", "Ness", "Hauge", "Tveit", "Myhre", "Bråten", "Braathen", "Rønning", "Ruud"]
HEAD = ["Ask", "Aur", "Bakk", "Berg", "Birk", "Bjør", "Bø", "Brekk", "Bru", "Dal", "Eik", "Eng", "Fager", "Fjell", "Foss", "Furu", "Grøn", "Gran", "Grav", "Grøt", "Halv", "Ham", "Haug", "Hav", "Hegg", "Hell", "Hjell", "Holm", "Hov", "Hus", "Hval", "Hå", "Kalv", "Kirk", "Kjær", "Klev", "Kors", "Kval", "Kvern", "Langs", "Leir", "Lin", "Lof", "Lund", "Lyng", "Løv", "Mark", "Mid", "Mor", "Myr", "Mæl", "Nord", "Nors", "Ny", "Os", "Ram", "Rog", "Ros", "Rund", "Rød", "Sand", "Sel", "Skar", "Skog", "Skår", "Sol", "Stav", "Stein", "Stor", "Strøm", "Sund", "Sver", "Svart", "Sø", "Sør", "Tang", "Tor", "Tveit", "Tø", "Ulv", "Ut", "Vall", "Vang", "Vest", "Vik", "Vind", "Vold", "Våg", "Ytter", "Ælv", "Øst", "Øvre", "Ål", "Ås"]
TAIL = ["a", "berg", "bø", "bråten", "by", "bygg", "dal", "eid", "eng", "fjell", "fjord", "foss", "gård", "gaard", "haug", "heim", "holm", "hov", "hus", "kleiv", "land", "li", "lien", "lund", "løkken", "mark", "mo", "moen", "myr", "nes", "ness", "neset", "rud", "ryd", "rønning", "sand", "set", "seter", "sether", "sjø", "skog", "skjær", "slett", "stad", "stø", "strand", "sund", "sveen", "søl", "tad", "torp", "tun", "tveit", "um", "vang", "vatn", "veit", "vik", "viken", "vold", "våg", "åker", "ås", "åsen", "øy", "øya"]
PLACE = ["Oslo", "Bergen", "Trondheim", "Stavanger", "Drammen", "Fredrikstad", "Kristiansand", "Sandnes", "Tromsø", "Sarpsborg", "Skien", "Ålesund", "Sandefjord", "Haugesund", "Tønsberg", "Moss", "Porsgrunn", "Bodø", "Arendal", "Hamar", "Larvik", "Halden", "Harstad", "Lillehammer", "Molde", "Gjøvik", "Askøy", "Kongsberg", "Horten", "Mo", "Alta", "Narvik", "Jessheim", "Ås", "Årnes", "Ørsta", "Volda", "Førde", "Florø", "Sogndal", "Voss", "Odda", "Bømlo", "Stord", "Røros", "Oppdal", "Steinkjer", "Levanger", "Namsos", "Lofoten", "Svolvær"]
TRADE = ["Bygg", "Eiendom", "Invest", "Holding", "Consulting", "Transport", "Elektro", "Regnskap", "Rør", "Maskin", "Frisør", "Bil", "Data", "Design", "Fisk", "Gård", "Taxi", "Maler", "Tak", "Entreprenør", "Anlegg", "Eiendomsutvikling", "Eiendomsdrift", "Rådgivning", "Økonomi", "Service", "Handel", "Produksjon", "Media", "Foto", "Musikk", "Trening", "Kafé", "Restaurant", "Hotell", "Drift", "Helse", "Tannlege", "Tannklinikk", "Fysioterapi", "Barnehage", "Skole", "Idrettslag", "Ballklubb", "Velforening", "Borettslag", "Sameie", "Sameiet", "Skytterlag", "Sanitetsforening", "Musikkorps", "Båtforening", "Grunneierlag", "Kraft", "Energi", "Havbruk", "Oppdrett", "Rederi", "Shipping", "Teknikk", "Systemer", "Solutions", "Group", "Nordic", "Norge", "Norway", "Scandinavia", "Interiør", "Møbler", "Blomster", "Hage", "Snekker", "Tømrer", "Murer", "Renhold", "Vakt"]
FORM = ("AS", "AS", "AS", "AS", "AS", "AS", "ASA", "ANS", "DA", "SA", "NUF", "BA")
ONSET = ["b", "bj", "bl", "br", "d", "dr", "f", "fl", "fr", "g", "gr", "h", "j", "k", "kl", "kr", "kv", "l", "m", "n", "p", "pl", "pr", "r", "s", "sk", "sl", "sm", "sn", "st", "sv", "t", "tr", "v"]
VOWEL = ["a", "a", "a", "e", "e", "e", "i", "i", "o", "o", "u", "y", "æ", "ø", "å"]
CODA = ["l", "m", "n", "r", "s", "t", "k", "x", "nd", "ng", "rd", "rn", "st", "ll", "nn", "tt", "ks"]
INDUSTRY = (
    ("41.000", "Oppføring av bygninger"), ("68.200", "Utleie av egen eller leid fast eiendom"), ("62.100", "Programmeringstjenester"),
    ("56.110", "Drift av restauranter og kafeer"), ("49.410", "Godstransport på vei"), ("01.500", "Kombinert husdyrhold og planteproduksjon"),
    ("69.201", "Regnskap og bokføring"), ("43.210", "Elektrisk installasjonsarbeid"), ("64.210", "Virksomhet i finansielle holdingselskaper"),
)  # fmt: skip
Entity = dict[str, Any]


def _surname(dice: random.Random) -> str:
    return dice.choice(LAST) if dice.random() < 0.45 else dice.choice(HEAD) + dice.choice(TAIL)


def _coined(dice: random.Random) -> str:
    n = dice.choice((1, 2, 2, 2, 3))
    word = "".join(dice.choice(ONSET) + dice.choice(VOWEL) for _ in range(n)) + dice.choice(CODA)
    return word.capitalize() + dice.choice(("", "", "", "tech", "ia", "o", "bygg", "fisk"))


def _name(dice: random.Random) -> tuple[str, str]:
    """A name and its organisation form."""
    kind = dice.random()
    if kind < 0.38:
        middle = f"{_surname(dice)} " if dice.random() < 0.35 else f"{dice.choice(FIRST)} " if dice.random() < 0.3 else ""
        firm = f" {dice.choice(TRADE)}" if dice.random() < 0.25 else ""
        return f"{dice.choice(FIRST)} {middle}{_surname(dice)}{firm}", "ENK"
    if kind < 0.48:
        return f"{dice.choice(PLACE)} {_surname(dice) if dice.random() < 0.5 else ''} {dice.choice(TRADE)}", "FLI"
    form = dice.choice(FORM)
    if kind < 0.60:
        return f"{_surname(dice)} {dice.choice(TRADE)} {form}", form
    if kind < 0.70:
        return f"{dice.choice(HEAD)}{dice.choice(TAIL)}{dice.choice(('en', 'veien', 'gata', ''))} {dice.randint(1, 120)} {form}", form
    if kind < 0.78:
        letters = "".join(dice.choice("ABDEFGHIJKLMNOPRSTV") for _ in range(dice.choice((2, 3, 3))))
        return f"{letters} {dice.choice(TRADE)} {form}", form
    if kind < 0.84:
        return f"{_surname(dice)} & {_surname(dice)} {form}", form
    return f"{_coined(dice)} {dice.choice((*TRADE, *PLACE))} {form}" if kind < 0.94 else f"{_coined(dice)} {form}", form


def numbers(n: int) -> Iterator[str]:
    """The first `n` sound organisation numbers from 810 000 000."""
    at = 810_000_000
    while n:
        if orgnr.is_valid(number := str(at)):
            yield number
            n -= 1
        at += 3


def entities(n: int, *, seed: int = 1) -> Iterator[Entity]:
    """`n` entities as the bulk JSON writes them."""
    dice = random.Random(seed)
    for number in numbers(n):
        name, form = _name(dice)
        code, industry = dice.choice(INDUSTRY)
        place = dice.choice(PLACE).upper()
        day = date(1995, 2, 19) + timedelta(dice.randrange(11_000))
        address = {
            "land": "Norge", "landkode": "NO", "postnummer": f"{dice.randrange(1, 9991):04d}", "poststed": place,
            "adresse": [f"{dice.choice(HEAD)}{dice.choice(TAIL)}veien {dice.randint(1, 200)}"], "kommune": place, "kommunenummer": "0301",
        }  # fmt: skip
        yield {
            "organisasjonsnummer": number, "navn": " ".join(name.split()).upper(),
            "organisasjonsform": {"kode": form, "beskrivelse": "Organisasjonsform", "_links": {"self": {"href": "https://localhost/organisasjonsformer"}}},
            "registreringsdatoEnhetsregisteret": day.isoformat(), "registrertIMvaregisteret": dice.random() < 0.3,
            "naeringskode1": {"kode": code, "beskrivelse": industry}, "harRegistrertAntallAnsatte": True,
            **({"antallAnsatte": int(dice.paretovariate(0.9) * 5)} if dice.random() < 0.2 else {}),
            **({"hjemmeside": f"www.{_coined(dice).lower().translate(str.maketrans('æøå', 'eoa'))}.no"} if dice.random() < 0.15 else {}),
            "forretningsadresse": address, **({"postadresse": address} if dice.random() < 0.3 else {}),
            "stiftelsesdato": day.isoformat(), "institusjonellSektorkode": {"kode": "2100", "beskrivelse": "Private aksjeselskaper mv."},
            "registrertIForetaksregisteret": True, "registrertIStiftelsesregisteret": False, "registrertIFrivillighetsregisteret": False,
            "sisteInnsendteAarsregnskap": "2025", "konkurs": dice.random() < 0.003, "underAvvikling": dice.random() < 0.01,
            "underTvangsavviklingEllerTvangsopplosning": False, "maalform": "Bokmål",
            "vedtektsfestetFormaal": ["Drive virksomhet innen " + industry.lower() + " og det som hører", "naturlig sammen med dette."],
            "_links": {"self": {"href": f"https://localhost/enhetsregisteret/api/enheter/{number}"}}, "respons_klasse": "Enhet",
        }  # fmt: skip


def write_bulk(path: Path, n: int, *, seed: int = 1) -> None:
    """The entities as a gzipped JSON array, the form of the register's nightly file."""
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=4) as file:
        file.write("[")
        for i, entity in enumerate(entities(n, seed=seed)):
            file.write(("," if i else "") + json.dumps(entity, ensure_ascii=False))
        file.write("]")
