"""Who may do what: one table, a line a route, as the protos declare it. A route without a line is closed to everybody.

The reasons stand beside the options in `protos/loyalty`.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from types import MappingProxyType

from loyalty.options.v1 import access_pb2 as pb

from gateway.context import Caller
from gateway.contract import operations
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
    # How long a service may take for it.
    deadline: pb.DeadlineClass.ValueType = pb.DEADLINE_CLASS_UNSPECIFIED

    @property
    def is_write(self) -> bool:
        """Whether the route changes anything."""
        return Needs.KEY in self.needs

    @property
    def takes_version(self) -> bool:
        """Whether `If-Match` counts on the route."""
        return bool(self.needs & (Needs.VERSION | Needs.VERSION_IF_SENT))


_TAGS = {
    pb.ENTITY_TAG_UNSPECIFIED: Needs.NOTHING,
    pb.ENTITY_TAG_REQUIRED: Needs.VERSION,
    pb.ENTITY_TAG_OPTIONAL: Needs.VERSION_IF_SENT,
}
# The gateway's own routes call no RPC.
_PUBLIC = Access(frozenset(), public=True)
_OWN = dict.fromkeys(("meta.index", "meta.openapi", "meta.docs", "meta.docs_file"), _PUBLIC)


def _access_of(declared: pb.Access) -> Access:
    return Access(
        roles=frozenset(Role[pb.Role.Name(role).removeprefix("ROLE_")] for role in declared.roles),
        needs=(Needs.KEY if declared.write else Needs.NOTHING) | _TAGS[declared.entity_tag],
        upload=declared.long_body,
        document=declared.document,
        deadline=declared.deadline_class,
    )


POLICY: Mapping[str, Access] = MappingProxyType(
    {each.endpoint: _access_of(each.access) for each in operations().values()} | _OWN
)

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
