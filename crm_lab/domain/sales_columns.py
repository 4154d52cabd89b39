"""The columns of files of opportunities, sellers and budgets: their names, what others call them, and how each is read."""

from __future__ import annotations

from crm_lab.domain.budgets import parse_month
from crm_lab.domain.columns import FLAG, Column, Words, parse_day, parse_decimal, parse_whole
from crm_lab.domain.opportunities import OpportunityStatus
from crm_lab.i18n import N_

STATUS = Words(
    {OpportunityStatus.OPEN: N_("Undecided"), OpportunityStatus.WON: N_("Won"), OpportunityStatus.LOST: N_("Lost")},
    {
        OpportunityStatus.OPEN: ("åpen", "open", "aktiv", "active", "pågår"), OpportunityStatus.WON: ("vunnet", "closed won", "lukket vunnet", "solgt"),
        OpportunityStatus.LOST: ("tapt", "closed lost", "lukket tapt", "avslag"),
    },
)  # fmt: skip
OPPORTUNITY_COLUMNS = (
    Column("reference", (N_("Their number"),), ("opportunity id", "deal id", "salgsmulighet id", "id", "nr", "nummer", "number")),
    Column("title", (N_("Title"),), ("tittel", "navn", "name", "deal name", "opportunity name", "opportunity", "salgsmulighet", "beskrivelse")),
    Column("customer", (N_("Customer"),), ("kunde", "kundenavn", "kundenr", "kundenummer", "orgnr", "account", "account name", "company", "firma", "organization")),
    Column("owner", (N_("Owner"),), ("selger", "eier", "ansvarlig", "sales agent", "sales rep", "salesperson", "agent", "deal owner", "opportunity owner")),
    Column("stage", (N_("Stage"),), ("steg", "fase", "deal stage", "sales stage")),
    Column("status", (N_("Status"),), ("utfall", "outcome", "state"), STATUS),
    Column("amount", (N_("Amount"),), ("beløp", "verdi", "close value", "value", "deal value", "sum"), parse_decimal),
    Column("currency", (N_("Currency"),), ("valuta", "valutakode", "currency code")),
    Column("rate", (N_("Rate"),), ("kurs", "exchange rate"), parse_decimal),
    Column("is_recurring", (N_("Recurring"),), ("gjentas", "løpende", "abonnement"), FLAG),
    Column("probability", (N_("Probability"),), ("sannsynlighet", "sannsynlighet %", "probability %"), parse_whole),
    Column("made_on", (N_("Made on"),), ("opprettet", "engage date", "created", "created at", "create date", "startdato"), parse_day),
    Column("expected_close_on", (N_("Expected close"),), ("forventet lukket", "forventet", "expected close date", "forventet dato"), parse_day),
    Column("closed_on", (N_("Closed on"),), ("lukket", "avsluttet", "close date", "closed", "closed date", "lukkedato"), parse_day),
    Column("source", (N_("Source"),), ("kilde", "lead source")),
    Column("type", (N_("Type"),), ("opportunity type", "deal type")),
    Column("competitor", (N_("Competitor"),), ("konkurrent",)),
    Column("next_step", (N_("Next step"),), ("neste steg",)),
    Column("next_step_on", (N_("Day of the next step"),), ("neste steg dato", "next step date"), parse_day),
    Column("lost_reason", (N_("Why it was lost"),), ("avvisning", "tapsårsak", "lost reason", "loss reason")),
    Column("products", (N_("Products"),), ("produkt", "produkter", "product", "vare", "item")),
)  # fmt: skip
SELLER_COLUMNS = (
    Column("name", (N_("Name"),), ("navn", "selger", "ansatt", "sales agent", "sales rep", "salesperson", "agent", "employee", "full name")),
    Column("username", (N_("Username"),), ("brukernavn", "user name", "login")),
    Column("email", (N_("E-mail"),), ("epost", "epostadresse", "mail", "email address")),
)
BUDGET_COLUMNS = (
    Column("owner", (N_("Seller"),), ("selger", "ansatt", "navn", "salesperson", "sales rep", "employee", "name")),
    Column("month", (N_("Month"),), ("periode", "måned", "period"), parse_month),
    Column("amount", (N_("Budget"),), ("beløp", "salgsbudsjett", "kroner", "amount", "target", "quota"), parse_decimal),
)
