"""Program policies on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from loyalty.points.v1 import program_pb2 as pb

from kit.convert import EnumMap, integer_of, request_id_of, text_of, uuid_of
from kit.errors import Invalid
from services.points.convert.common import AMOUNT_MAX, VERSION_MAX, WALLET_LENGTH_MAX
from services.points.convert.earning.terms import time_zone_of
from services.points.convert.ledger.inactivity import activities_of, to_activities
from services.points.convert.ledger.transfers import to_transfer_policy, transfer_policy_of
from services.points.domain.commands import SetProgramPolicy
from services.points.domain.program.policy import ProgramPolicy, Shortfall

WALLETS_MAX = 20

_SHORTFALL = EnumMap(pb.ShortfallPolicy, Shortfall)


def get_program_policy(request: pb.GetProgramPolicyRequest) -> UUID:
    """Whose policy is asked for."""
    return uuid_of(request.program_id, "program_id")


def set_program_policy(request: pb.SetProgramPolicyRequest) -> SetProgramPolicy:
    """A program's choices."""
    policy, limit = request.policy, None
    if policy.HasField("adjustment_limit"):
        limit = integer_of(policy.adjustment_limit, "policy.adjustment_limit", at_least=0, at_most=AMOUNT_MAX)
    return SetProgramPolicy(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        shortfall=_SHORTFALL.to_domain(policy.shortfall, "policy.shortfall"),
        adjustment_limit=limit,
        transfers=transfer_policy_of(policy.transfers) if policy.HasField("transfers") else None,
        unspendable_wallets=_wallets(policy.unspendable_wallets, "policy.unspendable_wallets"),
        inactivity_activities=activities_of(policy.inactivity_activities),
        time_zone=time_zone_of(policy.time_zone, "policy.time_zone"),
        expected_version=integer_of(request.expected_version, "expected_version", at_least=0, at_most=VERSION_MAX),
    )


def _wallets(names: Sequence[str], field: str) -> tuple[str, ...]:
    if len(names) > WALLETS_MAX:
        raise Invalid(field, f"must have at most {WALLETS_MAX} items")
    wallets = (text_of(name, f"{field}[{index}]", length_max=WALLET_LENGTH_MAX) for index, name in enumerate(names))
    return tuple(dict.fromkeys(wallets))


# ---- To the wire -----------------------------------------------------------------------------------------------------


def to_policy(policy: ProgramPolicy) -> pb.ProgramPolicy:
    """A program's choices."""
    return pb.ProgramPolicy(
        program_id=str(policy.program_id),
        shortfall=_SHORTFALL.to_proto(policy.shortfall),
        adjustment_limit=policy.adjustment_limit,
        transfers=None if policy.transfers is None else to_transfer_policy(policy.transfers),
        unspendable_wallets=policy.unspendable_wallets,
        inactivity_activities=to_activities(policy.inactivity_activities),
        time_zone=policy.time_zone,
        version=policy.version,
    )


def set_program_policy_response(policy: ProgramPolicy) -> pb.SetProgramPolicyResponse:
    """The policy as it was set."""
    return pb.SetProgramPolicyResponse(policy=to_policy(policy))
