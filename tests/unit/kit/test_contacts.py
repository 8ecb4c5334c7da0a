"""What reads like a phone number or an e-mail address in what people write, and what only counts or names things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.texts.contacts import EMAIL, PHONE, found_in

PHONES = [
    "call 0300 1234567",
    "0300-1234567",
    "03001234567",
    "+92 300 1234567",
    "0092 300 1234567",
    "923001234567",
    "his number is 3001234567",
    "(212) 555-1234",
    "212-555-1234",
    "212.555.1234",
    "020 7946 0958",
    "+44 (0)20 7946 0958",
    "۰۳۰۰۱۲۳۴۵۶۷",
    "فون ۰۳۰۰-۱۲۳۴۵۶۷",
    "\uff10\uff13\uff10\uff10 \uff11\uff12\uff13\uff14\uff15\uff16\uff17",
    "0\u200b3\u200b0\u200b0\u200b1234567",
    "0300\u202f1234567",
    "0300\u20111234567",
    "0 3 0 0 1 2 3 4 5 6 7",
    "0300.123.4567",
    "0300/1234567",
    "phone 5551234",
    "tel: 1234567",
    "whatsapp 923001234567",
    "goodwill (0300 1234567)",
    "receipt 0007, call 0300 1234567",
    "for 447911123456",
    "06 12 34 56 78",
    "11 91234-5678",
    "0️⃣3️⃣0️⃣0️⃣ 1234567",
    "O3OO-1234567",
    "⓪③⓪⓪ ①②③④⑤⑥⑦",
    "ref 0300-1234567",
    "ref 03001234567",
    "also 0456123789",
    "paid 0456123789",
    "98765 43210",
    "+1 (212) 555-1234",
    "spoke to Ann,03001234567",
    "Ann:0300-1234567.",
    "0300  123  4567",
    "0300_1234567",
    "+923001234567",
    "tel03001234567",
    "her number 2125551234",
    "1-800-555-1234",
    "1 212 555 1234",
    "(0300) 1234567",
    "ref 0300 1234567",
    "٠٣٠٠١٢٣٤٥٦٧",
    "customer +1-212-555-0100",
    "0300\u20141234567",
    "0300·123·4567",
    "0300\u2013123\u20134567",
    "11 91234-5678",
    "0️⃣3️⃣0️⃣0️⃣ 1234567",
    "O3OO-1234567",
    "⓪③⓪⓪ ①②③④⑤⑥⑦",
    "ref 0300-1234567",
    "98765 43210",
]
EMAILS = [
    "ann%40example.com",
    "ann(a)example.com",
    "ann@example。com",
    "ann&#64;example.com",
    "ann@example.com",
    "Ann.Lee+x@Example.co.uk",
    "ann\uff20example\uff0ecom",
    "a\u200bnn@exa\xadmple.com",
    "ann @ example.com",
    "ann [at] example [dot] com",
    "ann(at)example.com",
    "ann at example dot com",
    "mailto:ann@example.com",
    "آمنہ@example.org",
    "ann@bücher.example",
    "ann@example . com",
]
NEITHER = [
    "receipt 0007",
    "order 100234567",
    "order number 4500123456",
    "order no. 0123456789",
    "invoice 2026-000123",
    "GBP 1,250.00",
    "PKR 1 250 000",
    "Rs. 12,34,567.00",
    "2026-11-30",
    "30.11.2026 14:05",
    "11/30/2026",
    "2026-11-30T14:05:00Z",
    "12:30",
    "receipt 0007 of 2026-11-30",
    "card 9820000000000017",
    "SKU 71053",
    "EAN 5901234123457",
    "5901234123457",
    "0b8f3c52-9c6e-4f5e-8a53-0d6a7f2f9d11",
    "spilled tea (no. 3)",
    "500 points for 25.00",
    "2 @ 3.99",
    "tea @ Gulberg",
    "met at example",
    "1.234.567,89",
    "1'250'000",
    "100,000,000 points",
    "till 4, High Street, 0007",
    "3 x 0.675 = 2.03",
    "refund for #1001",
    "2026",
    "order 2026/11/000123",
    "ticket-88123456",
    "رسید ۰۰۰۷",
    "آرڈر نمبر ۴۵۰۰۱۲۳۴۵۶",
    "1000000",
    "12345678",
    "flight PK 0303",
    "store 0042 terminal 0001",
    "@b.khan said so",
    "5 of 10 @ 50%",
    "9 1/2 years",
    "2019-2026",
    "batch 20261130-01",
    "R0007-12",
    "v1.2.3.4",
    "gave 100000 instead of 10000",
    "R1234567890",
    "20261130",
    "1.5 kg at 3.20",
    "Order 4500123456 and 4500123457",
    "receipts 0107 0108 0109",
    "receipts 0107, 0108, 0109",
    "receipt 0142-3-0007",
    "receipt 0042/17/0007",
    "order 112-7766554-1",
    "",
]


@pytest.mark.parametrize("text", PHONES)
def test_a_phone_number_is_found(text: str) -> None:
    assert found_in(text) == PHONE
    assert found_in(f"goodwill; {text}, as agreed") == PHONE


@pytest.mark.parametrize("text", EMAILS)
def test_an_email_address_is_found(text: str) -> None:
    assert found_in(text) == EMAIL
    assert found_in(f"goodwill ({text}), as agreed") == EMAIL


@pytest.mark.parametrize("text", NEITHER)
def test_what_counts_or_names_things_passes(text: str) -> None:
    assert found_in(text) is None
    assert found_in(f"goodwill: {text}; agreed with the manager") is None


MARKS = st.text(st.sampled_from("\u200b\u200e\u200f\u2060\ufeff\xad\ufe0f\u2066\u2069\u034f"), max_size=2)


@given(st.sampled_from(["0300 1234567", "+92 300 1234567", "ann.lee@example.com"]), st.data())
def test_marks_and_other_digits_hide_none(text: str, data: st.DataObject) -> None:
    zero = data.draw(st.sampled_from([0x30, 0x660, 0x6F0, 0x966, 0xFF10, 0x1D7CE]))
    other = "".join(chr(zero + int(each)) if each.isdigit() else each for each in text)
    assert found_in("".join(data.draw(MARKS) + each for each in other) + data.draw(MARKS))
