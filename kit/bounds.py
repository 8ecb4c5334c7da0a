"""Bounds that the gateway and a service both hold to, named once."""

from __future__ import annotations

# Lines of one receipt, and of one return. Wholesalers sell several thousand articles at once.
LINES_MAX = 5_000
# Parts in which one receipt is paid.
TENDERS_MAX = 50
# Holds that one return gives points of back.
REFUNDS_MAX = 20
# Vouchers that come back with the goods of one return, and characters of a code as callers type it.
RETURNED_VOUCHERS_MAX = 10
VOUCHER_CODE_LENGTH_MAX = 64
# Purchases that one call records.
PURCHASES_MAX = 500
