"""What proves each column of `members`; see kit/proofs.py."""

from __future__ import annotations

from kit.proofs import PUBLISHED, SEALS, STORED_ANSWERS, Proofs, asked, only

_SEALED = asked("seal_opens")
_SET = only("set by an admin; nothing else says it")
_GRANTED = only("granted by an admin; nothing else says it")

PROOFS: Proofs = {
    "programs": {
        "program_id": asked("program_known"),
        **dict.fromkeys(("name", "currency", "region", "created_at"), _SET),
    },
    "api_keys": {
        "api_key_id": _GRANTED,
        "program_id": asked("program_known", because="another program that exists is the digest's"),
        **dict.fromkeys(("name", "role", "prefix", "key_hash", "created_at", "revoked_at", "caller_id"), _GRANTED),
    },
    "members": {
        "member_id": asked("versions_contiguous", "seal_opens"),
        "program_id": asked("program_known"),
        "status": asked("versions_contiguous"),
        "version": asked("versions_contiguous"),
        **dict.fromkeys(("master_key_id", "data_key"), _SEALED),
        **dict.fromkeys(("given_name", "family_name", "birth_date", "language"), _SEALED),
        "enrolled_at": asked("change_dated"),
        "updated_at": asked("change_dated"),
        **dict.fromkeys(("tier", "segments", "attributes"), asked("traits_kept")),
    },
    "member_identifiers": {
        "member_id": asked("identifier_claimed"),
        "identifier_id": asked("identifier_claimed"),
        "program_id": asked("identifier_claimed"),
        "kind": asked("identifier_claimed"),
        "lookup_hash": asked("identifier_claimed"),
        "value": _SEALED,
        "added_at": asked("change_dated"),
    },
    "identifiers": dict.fromkeys(
        ("program_id", "kind", "lookup_hash", "member_id", "identifier_id"), asked("identifier_claimed")
    ),
    "member_changes": {
        "member_id": asked("versions_contiguous"),
        "version": asked("versions_contiguous"),
        "program_id": asked("program_known"),
        "kind": only("constraints tie it to the fields, the traits and the reason beside it"),
        "status": asked("versions_contiguous", "change_announced", because="later on, of an older change the digest"),
        "fields": only("names what of the profile changed, for people"),
        "reason": _SEALED,
        "caller_id": only("who changed it, for people"),
        "changed_at": asked("change_dated", because="between the first and the last the order is asked about"),
        "traits": asked("traits_kept", because="of an older change the digest"),
    },
    "outbox": {
        "aggregateid": asked("change_announced"),
        "id": only("an identity of its own, by which others know that they have had the event"),
        "aggregatetype": asked("change_announced"),
        "type": only("follows from the kind of the change"),
        "version": asked("change_announced"),
        "program_id": asked("change_announced"),
        "payload": asked(
            "change_announced", "traits_announced", because="the status and the traits; the rest is the digest's"
        ),
        "occurred_at": only("repeats that of the change"),
        "published_at": PUBLISHED,
    },
    "stored_answers": {**STORED_ANSWERS, "answer": asked("seal_opens")},
    "seals": SEALS,
}
