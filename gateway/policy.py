"""Who may do what: one table, a line a route. A route that has no line is closed to everybody."""

from __future__ import annotations

import dataclasses
import enum

from gateway.context import Caller
from gateway.refusals import RoleNotAllowed


class Role(enum.Enum):
    """What kind of caller a key belongs to."""

    TILL = "till"
    APP = "app"
    STAFF = "staff"
    ADMIN = "admin"


class Needs(enum.Flag):
    """What a request on a route must bring."""

    NOTHING = 0
    # A write: the header Idempotency-Key.
    KEY = enum.auto()
    # An edit of something that others may have edited: the header If-Match.
    VERSION = enum.auto()
    # The same where callers of before it knew no versions: the header counts when it is there.
    VERSION_IF_SENT = enum.auto()


@dataclasses.dataclass(frozen=True)
class Access:
    """A line of the table. Public routes need no API key and have no roles."""

    roles: frozenset[Role]
    needs: Needs = Needs.NOTHING
    public: bool = False
    # A receipt may have thousands of lines, and an upload hundreds of receipts: such a body may be longer.
    upload: bool = False
    # What people keep in files: its body may be YAML, too.
    document: bool = False

    @property
    def is_write(self) -> bool:
        """Whether the route changes anything."""
        return Needs.KEY in self.needs

    @property
    def takes_version(self) -> bool:
        """Whether `If-Match` counts on the route."""
        return bool(self.needs & (Needs.VERSION | Needs.VERSION_IF_SENT))


def _read(*roles: Role) -> Access:
    return Access(frozenset(roles))


def _write(*roles: Role) -> Access:
    return Access(frozenset(roles), Needs.KEY)


def _edit(*roles: Role) -> Access:
    return Access(frozenset(roles), Needs.KEY | Needs.VERSION)


def _edit_of_old(*roles: Role) -> Access:
    return Access(frozenset(roles), Needs.KEY | Needs.VERSION_IF_SENT)


def _upload(*roles: Role, needs: Needs = Needs.KEY) -> Access:
    return Access(frozenset(roles), needs, upload=True)


def _document(*roles: Role, needs: Needs = Needs.NOTHING) -> Access:
    return Access(frozenset(roles), needs, document=True)


_PUBLIC = Access(frozenset(), public=True)

TILL, APP, STAFF, ADMIN = Role

# Blueprint and function of each route. The words are those of the RPCs. Tills earn and redeem at the counter and see
# little of a person; apps act for members, and with one key for all of them, so
# that it belongs on a server and never on a phone; staff correct; admins set the programme up and may
# all that staff may, since they could make themselves a key for it anyway. Only tills and apps sell; what a till could
# not send in time, an admin may bring in its stead, and nobody else: whoever makes receipts makes points.
POLICY: dict[str, Access] = {
    "members.enrol": _write(TILL, APP, STAFF, ADMIN),
    "members.resolve_member": _read(TILL, APP, STAFF, ADMIN),
    "members.get_member": _read(TILL, APP, STAFF, ADMIN),
    "members.update_member": _edit(APP, STAFF, ADMIN),
    "members.change_member_status": _edit(STAFF, ADMIN),
    # Not tills, and not apps: whoever holds the phone would make themselves gold.
    "members.set_member_traits": _edit(STAFF, ADMIN),
    # Not tills: a second card on somebody's account spends their points.
    "members.add_identifier": _write(APP, STAFF, ADMIN),
    "members.remove_identifier": _write(APP, STAFF, ADMIN),
    "points.record_purchase": _upload(TILL, APP),
    "points.record_purchases": _upload(TILL, ADMIN),
    "points.preview_purchase": _upload(TILL, APP, STAFF, ADMIN, needs=Needs.NOTHING),
    "points.get_purchase": _read(TILL, APP, STAFF, ADMIN),
    "points.claim_purchase": _write(TILL, APP, STAFF, ADMIN),
    "points.record_return": _upload(TILL, APP),
    "points.record_exchange": _upload(TILL, APP),
    # Systems, not people: what one person may give is a question of adjustments, with their limits.
    "points.record_activity": _write(TILL, APP),
    "points.get_activity": _read(TILL, APP, STAFF, ADMIN),
    "points.get_account": _read(TILL, APP, STAFF, ADMIN),
    "points.get_qualifying_sums": _read(TILL, APP, STAFF, ADMIN),
    "points.list_entries": _read(APP, STAFF, ADMIN),
    # Not tills: what a person bought in a year is nobody's business at the counter.
    "points.get_statement": _read(APP, STAFF, ADMIN),
    # The program's books, with its revenue: not for those who serve members.
    "points.get_liability": _read(ADMIN),
    "points.place_hold": _write(TILL, APP),
    "points.get_hold": _read(TILL, APP, STAFF, ADMIN),
    "points.capture_hold": _write(TILL, APP),
    "points.release_hold": _write(TILL, APP, STAFF, ADMIN),
    "points.adjust_points": _write(STAFF, ADMIN),
    # Not tills: whoever stands at the counter with somebody's card would give their points away.
    "points.transfer_points": _write(APP, STAFF, ADMIN),
    "points.get_transfer": _read(APP, STAFF, ADMIN),
    "points.list_transfers": _read(APP, STAFF, ADMIN),
    # Who may ask may approve, though never what they asked for themselves: `points` looks at person and key.
    "points.request_adjustment": _write(STAFF, ADMIN),
    "points.list_adjustments": _read(STAFF, ADMIN),
    "points.get_adjustment": _read(STAFF, ADMIN),
    "points.approve_adjustment": _write(STAFF, ADMIN),
    "points.reject_adjustment": _write(STAFF, ADMIN),
    "points.create_earning_rule": _write(ADMIN),
    "points.list_earning_rules": _read(STAFF, ADMIN),
    "points.get_earning_rule": _read(STAFF, ADMIN),
    "points.revise_earning_rule": _edit(ADMIN),
    "points.activate_earning_rule": _write(ADMIN),
    "points.call_off_earning_rule": _write(ADMIN),
    "points.end_earning_rule": _write(ADMIN),
    "points.export_earning_rules": _read(STAFF, ADMIN),
    "points.diff_earning_rules": _document(STAFF, ADMIN),
    "points.import_earning_rules": _document(ADMIN, needs=Needs.KEY),
    "points.rehearse_earning_rules": _write(ADMIN),
    "points.get_rehearsal": _read(STAFF, ADMIN),
    "points.get_program_policy": _read(STAFF, ADMIN),
    "points.set_program_policy": _edit_of_old(ADMIN),
    "rewards.create_reward": _write(ADMIN),
    "rewards.list_rewards": _read(TILL, APP, STAFF, ADMIN),
    "rewards.get_reward": _read(TILL, APP, STAFF, ADMIN),
    "rewards.update_reward": _edit(ADMIN),
    "rewards.list_rewards_for_member": _read(TILL, APP, STAFF, ADMIN),
    "rewards.redeem": _write(TILL, APP, STAFF, ADMIN),
    "rewards.get_redemption": _read(TILL, APP, STAFF, ADMIN),
    "rewards.cancel_redemption": _write(TILL, APP, STAFF, ADMIN),
    "rewards.get_voucher": _read(TILL, APP, STAFF, ADMIN),
    "rewards.use_voucher": _write(TILL, APP),
    # Not tills: at the counter a voucher comes back with the return of what it was used for, and not by itself.
    "rewards.reinstate_voucher": _write(STAFF, ADMIN),
    "keys.create_api_key": _write(ADMIN),
    "keys.list_api_keys": _read(ADMIN),
    "keys.revoke_api_key": _write(ADMIN),
    "meta.index": _PUBLIC,
    "meta.openapi": _PUBLIC,
    "meta.docs": _PUBLIC,
    "meta.docs_file": _PUBLIC,
}

_CLOSED = Access(frozenset())


def access_to(endpoint: str) -> Access:
    """The line of a route; a closed one where there is none."""
    return POLICY.get(endpoint, _CLOSED)


def require(access: Access, caller: Caller) -> None:
    """Refuses the caller whose role has no business on the route."""
    if caller.role not in {role.value for role in access.roles}:
        raise RoleNotAllowed(f"keys of the role {caller.role} may not do this", role=caller.role)


def sees_personal_data(caller: Caller) -> bool:
    """Whether answers about members may name them. A till's screen faces the whole queue."""
    return caller.role != Role.TILL.value
