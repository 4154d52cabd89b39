"""`crm-lab import mail`: messages saved as .eml, and whole mbox files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_lab.cli.options import connected, data_option, plainly
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.domain.messages import ReadMail

AT_A_TIME, LARGEST = 3_000_000, 4_000_000
"""Bytes that travel at a time, and of a message beyond which only its head is brought in."""


@click.command(name="mail")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--customer", type=int, help="Number of the customer whose card it goes onto; else the addresses say.")
@data_option
@plainly
def import_mail(files: tuple[Path, ...], customer: int | None, data: Path) -> None:
    """Bring in .eml and mbox files as mail of the employee CRM_USER; what is known stays as it is."""
    crm = connected(data)
    n_new = n_known = 0
    try:
        whose = {"customer_id": crm.customers.by_number(number=customer).id} if customer is not None else {}
        for part in _parts(files):
            read = crm.messages.record(messages=part, **whose)
            n_new, n_known = n_new + read.n_new, n_known + read.n_known
    finally:
        crm.close()
    click.echo(_("{new} new messages, {known} known.", new=n_new, known=n_known))


def _parts(files: tuple[Path, ...]) -> Iterator[list[ReadMail]]:
    part: list[ReadMail] = []
    room = AT_A_TIME
    for mail in _mails(files):
        if part and mail.size > room:
            yield part
            part, room = [], AT_A_TIME
        part.append(mail)
        room -= mail.size
    if part:
        yield part


def _mails(files: tuple[Path, ...]) -> Iterator[ReadMail]:
    from crm_lab.exchange.mime import read_head, read_mail, read_mbox

    for path in files:
        with path.open("rb") as file:
            is_mbox = file.read(5) == b"From "
        if is_mbox:
            yield from read_mbox(path, LARGEST)
        elif path.stat().st_size > LARGEST:
            yield read_head(path.read_bytes(), path.stat().st_size)
        else:
            yield read_mail(path.read_bytes())
