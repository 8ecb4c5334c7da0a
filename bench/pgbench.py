"""What PostgreSQL alone makes of a purchase: pgbench with its statements in one transaction, on a copy of the tables.

It reads and writes what `points` does for a purchase that is alone in its batch, prepared once for each connection, and
judges nothing.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.ledger_stage import PROGRAM_ID, LedgerStage
from wafa.backends.binaries import postgres_folders

CLIENTS = (8, 16, 32, 64)
SECONDS = 5
THREADS = 2

# pgbench takes a colon with a letter or digit behind it for one of its variables, in texts, too.
_SALE = (
    '{"receipt": {"source": "bench","store_id": "S1","terminal_id": "T1","business_day": "2026-01-01",'
    '"receipt_number": "r"},'
    '"occurred_at": "2026-01-01T12.00.00Z","currency": "GBP","lines": ['
    + ",".join(
        f'{{"line_id": "{n}","sku": "TEA","category": "food","quantity_milli": 2000,"unit_price_minor": 100,'
        '"discount_minor": 0,"amount_minor": 200}'
        for n in (1, 2, 3)
    )
    + '],"tenders": [],"cashier_id": ""}'
)
_EARNING = (
    '{"rule_id": "6e9b8a52-1c7f-4b0e-9d0e-3a5f0c1b2d4e","rule_version": 1,"rule_name": "Every purchase","points": 12,'
    '"wallet": "points","available_at": "2026-01-01T12.00.00Z","expires_at": null,"explanation": '
    '{"eligible_amount_minor": 1200,"currency": "GBP","points": 1,"per_amount_minor": 100,"rounding": "down","lines": ['
    + ",".join(f'{{"line_id": "{n}","amount_minor": 200,"verdict": "counted"}}' for n in (1, 2, 3))
    + "]}}"
)
_ACCOUNT = '{"posted": 32,"held": 0,"pending": 0,"available": 32,"owed": 0,"version": 11}'
_DIGESTS = '{"sale": "0123456789abcdef01234567","member_id": "0123456789abcdef01234567"}'

_PURCHASED = (
    f'{{"member_id": "{PROGRAM_ID}","store_id": "S1","total_minor": 1200,"currency": "GBP","points_earned": 12,'
    '"source": "bench","terminal_id": "T1","business_day": "2026-01-01","discount_minor": 0,"lines": [{"line_id": "1",'
    '"sku": "TEA","category": "","brand": "","quantity_milli": 1000,"amount_minor": 1200,"tax_minor": 0,'
    '"discount_minor": 0}],"tenders": []}'
)
_EARNED = (
    f'{{"wallet": "points","amount": 12,"balance_after": 32,"purchase_id": "{PROGRAM_ID}","store_id": "S1",'
    f'"rule_id": "{PROGRAM_ID}","rule_version": 1,"rule_name": "Everyday","qualifying": false,'
    '"available_at": "2026-01-01T12:00:00+00:00"}'
)

_MEMBER = "md5('m' || :n)::uuid"

# Every word of it stands in this file.
SCRIPT = f"""
\\set n random(1, :members)
\\set r random(1, 1000000000000000)
BEGIN;
SELECT clock_timestamp();
SELECT * FROM stored_answers WHERE program_id = '{PROGRAM_ID}' AND caller_id = 'bench' AND operation = 'RecordPurchase'
    AND request_id = :r::text;
SELECT settings.*, standings.status, standings.member_version, standings.tier
    FROM standings LEFT JOIN program_settings AS settings USING (program_id) WHERE standings.member_id = {_MEMBER};
SELECT * FROM (SELECT md5('p' || :r)::uuid AS purchase_id) AS wanted LEFT JOIN purchases USING (purchase_id)
    LEFT JOIN purchase_claims USING (purchase_id) LEFT JOIN purchase_slots USING (purchase_id);
SELECT posted, version FROM accounts WHERE member_id = {_MEMBER} AND wallet = 'points' FOR UPDATE \\gset
SELECT * FROM holds JOIN hold_parts USING (member_id, hold_id)
    WHERE holds.member_id = {_MEMBER} AND holds.wallet = 'points' AND holds.state = 'open';
SELECT sum(remaining - held) FILTER (WHERE available_at <= now()),
    sum(remaining - held) FILTER (WHERE available_at > now()), min(expires_at)
    FROM lots WHERE member_id = {_MEMBER} AND wallet = 'points' AND remaining > 0;
INSERT INTO entries (member_id, wallet, version, program_id, kind, contra, amount, balance_after, purchase_id, reason,
        actor, earning, occurred_at, recorded_at)
    VALUES ({_MEMBER}, 'points', :version + 1, '{PROGRAM_ID}', 'earn', 'issued', 12, :posted + 12, md5('p' || :r)::uuid,
        '', '', '{_EARNING}', now(), now());
INSERT INTO lots (member_id, wallet, lot_id, program_id, purchase_id, units, remaining, held, lapsed, forgiven,
        available_at)
    VALUES ({_MEMBER}, 'points', md5('q' || :r)::uuid, '{PROGRAM_ID}', md5('p' || :r)::uuid, 12, 12, 0, 0, 0, now());
INSERT INTO lot_movements (member_id, movement_id, wallet, entry_version, lot_id, units)
    VALUES ({_MEMBER}, md5('v' || :r)::uuid, 'points', :version + 1, md5('q' || :r)::uuid, 12);
INSERT INTO purchase_slots (purchase_id) VALUES (md5('p' || :r)::uuid);
INSERT INTO purchases (purchase_id, program_id, source, store_id, terminal_id, business_day, receipt_number, member_id,
        occurred_at, currency, total_minor, points_earned, sale, earnings, account_after, digests, recorded_at)
    VALUES (md5('p' || :r)::uuid, '{PROGRAM_ID}', 'bench', 'S1', 'T1', '2026-01-01', :r::text, {_MEMBER}, now(), 'GBP',
        1200, 12, '{_SALE}', '[{_EARNING}]', '{_ACCOUNT}', '{_DIGESTS}', now());
UPDATE accounts SET posted = posted + 12, version = version + 1 WHERE member_id = {_MEMBER} AND wallet = 'points';
INSERT INTO outbox (aggregateid, id, aggregatetype, type, version, program_id, payload, occurred_at)
    VALUES (md5('p' || :r)::uuid, md5('o' || :r)::uuid, 'purchase', 'purchase.recorded', 1, '{PROGRAM_ID}',
        '{_PURCHASED}', now()),
        ({_MEMBER}, md5('e' || :r)::uuid, 'account', 'points.earned', :version + 1, '{PROGRAM_ID}', '{_EARNED}', now());
INSERT INTO stored_answers (program_id, caller_id, operation, request_id, fingerprint, kind, answer, stored_at)
    VALUES ('{PROGRAM_ID}', 'bench', 'RecordPurchase', :r::text, '{_DIGESTS}', 'answer', '\\x00', now());
COMMIT;
"""  # noqa: S608 - made of the constants above, and run by pgbench on tables that the benchmark made


@dataclass(frozen=True)
class Best:
    """The number of clients at which the most was written."""

    clients: int
    per_second: float
    latency_ms: float


def best(stage: LedgerStage) -> Best:
    """Runs the script with a few numbers of clients."""
    program = next(folder / "pgbench" for folder in postgres_folders() if (folder / "pgbench").exists())
    with tempfile.TemporaryDirectory(prefix="wafa-pgbench-") as folder:
        script = Path(folder) / "purchase.sql"
        script.write_text(SCRIPT)
        return max((_run(program, script, stage, clients) for clients in CLIENTS), key=lambda found: found.per_second)


def _run(program: Path, script: Path, stage: LedgerStage, clients: int) -> Best:
    command = [
        *(str(program), "--no-vacuum", "--protocol=prepared", f"--file={script}", f"--define=members={stage.members}"),
        *(f"--client={clients}", f"--jobs={THREADS}", f"--time={SECONDS}", stage.copy_url),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 60, check=False)
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    latency = re.search(r"latency average = ([\d.]+)", done.stdout)
    if done.returncode or rate is None or latency is None:
        raise RuntimeError(f"pgbench: {done.stdout[-500:]}{done.stderr[-1_500:]}")
    return Best(clients, float(rate[1]), float(latency[1]))
