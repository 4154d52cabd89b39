"""Proposals for many open items: `python -m benchmarks.matching [ROWS …]`, each size in a process of its own.

The ledger is made up: 20 open items a party on average, unevenly; of the money 60 % with a KID (a tenth of that short
or over), 10 % naming invoices in its text, 20 % paying one or several invoices without saying so, 10 % for nothing.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from benchmarks.timing import note
from crm_lab.analysis.matching import propose

SIZES = (10_000, 100_000, 1_000_000)
ITEMS_A_PARTY = 20


def ledger(n: int, seed: int = 1) -> pd.DataFrame:
    """About `n` open items."""
    rng = np.random.default_rng(seed)
    n_parties, n_claims = n // ITEMS_A_PARTY, int(n * 0.7)
    party = np.sort(rng.integers(0, n_parties, n_claims))
    amount = np.where(rng.random(n_claims) < 0.3, rng.integers(1, 500, n_claims) * 10_000, rng.integers(5_000, 5_000_000, n_claims))
    kid = np.char.add(np.char.zfill(np.arange(n_claims).astype("U8"), 8), (np.arange(n_claims) * 7 % 10).astype("U1"))
    day = rng.integers(20_000, 20_400, n_claims)
    kind = rng.random(n_claims)
    amount = np.where(kind < 0.03, -amount // 4, amount)
    claims = pd.DataFrame({
        "party": party, "kind": np.where(kind < 0.03, "credit_note", "invoice"), "document_number": (np.arange(n_claims) + 1_000_000).astype(str),
        "amount_minor": amount, "kid": kid, "text": "", "day": day,
    })  # fmt: skip
    return _framed(pd.concat([claims, _money(claims, n - n_claims, rng)], ignore_index=True))


def _money(claims: pd.DataFrame, n: int, rng: np.random.Generator) -> pd.DataFrame:
    chosen = claims[claims["kind"] == "invoice"].sample(n, random_state=2)
    after = claims.shift(-1, fill_value=0).loc[chosen.index]
    is_same_party = (after["party"] == chosen["party"]).to_numpy()
    following, chosen = after["amount_minor"].to_numpy(), chosen.reset_index(drop=True)
    how = rng.random(n)
    with_kid, named, silent = how < 0.6, (how >= 0.6) & (how < 0.7), (how >= 0.7) & (how < 0.9)
    paid = chosen["amount_minor"].to_numpy().copy()
    paid[with_kid & (how < 0.06)] -= 5_000
    several = silent & (rng.random(n) < 0.5) & is_same_party
    paid[several] += following[several]
    paid[how >= 0.9] = rng.integers(5_000, 5_000_000, (how >= 0.9).sum())
    return pd.DataFrame({
        "party": chosen["party"], "kind": "payment", "document_number": "", "amount_minor": -np.abs(paid), "kid": np.where(with_kid, chosen["kid"], ""),
        "text": np.where(named, "Betaling av faktura " + chosen["document_number"], np.where(silent, "Takk for levering", "")), "day": chosen["day"] + 20,
    })  # fmt: skip


def _framed(rows: pd.DataFrame) -> pd.DataFrame:
    n = len(rows)
    number = rows["party"].astype(str)
    return pd.DataFrame({
        "posting_id": ("00000000-0000-7000-8000-" + pd.Series(np.char.zfill(np.arange(n).astype("U12"), 12))).astype("str"),
        "number": pd.array(np.arange(n), "Int64"), "customer_id": ("00000000-0000-7000-9000-" + number.str.zfill(12)).astype("str"),
        "ledger": "AR", "account": "1500", "kind": rows["kind"].astype("str"), "document_number": rows["document_number"].astype("str"), "voucher": "",
        "posted_on": pd.to_datetime(rows["day"].to_numpy(), unit="D").astype("datetime64[s]"), "amount_minor": rows["amount_minor"].astype("Int64"),
        "currency": "NOK", "kid": rows["kid"].astype("str"), "text": rows["text"].astype("str"), "payer_account": "",
        "match_number": pd.array([pd.NA] * n, "Int64"), "residual_minor": rows["amount_minor"].astype("Int64"),
    })  # fmt: skip


def measure(n: int) -> None:
    """One size: the median of three runs, and the most memory the process ever had, its ledger included."""
    frame = ledger(n)
    took, worked = [], []
    for _ in range(3):
        start, began = time.perf_counter(), time.process_time()
        made = propose(frame)
        took.append(time.perf_counter() - start)
        worked.append(time.process_time() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    text = f"{sorted(took)[1]:.2f} s ({sorted(worked)[1]:.2f} of a core), peak {peak:,.0f} MB, {len(made):,} proposals, {int(made.proposals['is_sure'].sum()):,} sure"
    note(f"proposals for {n:,} open items", text, "at most 10 s and 2,048 MB for 1,000,000")
    if "--rules" in sys.argv:
        print(made.proposals.groupby("rule")["n_rivals"].agg(["size", lambda r: (r == 0).sum()]))


def main() -> None:
    """Every size in its own process, so that the peaks are theirs."""
    sizes = [int(text) for text in sys.argv[1:] if text.isdigit()]
    if len(sizes) == 1:
        measure(sizes[0])
        return
    for n in sizes or SIZES:
        subprocess.run([sys.executable, "-m", "benchmarks.matching", str(n)], check=True)


if __name__ == "__main__":
    main()
