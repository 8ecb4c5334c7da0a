"""What rewards and vouchers give."""

from __future__ import annotations

from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.convert import EnumMap, currency_of, integer_of, text_of
from kit.errors import Invalid
from services.rewards.domain import rewards
from services.rewards.domain.rewards import Benefit, BenefitKind

KINDS = EnumMap(pb.BenefitKind, BenefitKind)


def benefit_of(message: pb.Benefit) -> Benefit:
    """What a reward gives: exactly what belongs to its kind."""
    kind = KINDS.to_domain(message.kind, "terms.benefit.kind")
    match kind:
        case BenefitKind.FIXED_DISCOUNT:
            _expect_only(message, "amount_minor", "currency")
            amount = integer_of(
                message.amount_minor, "terms.benefit.amount_minor", at_least=1, at_most=rewards.AMOUNT_MINOR_MAX
            )
            return Benefit(kind, amount_minor=amount, currency=currency_of(message.currency, "terms.benefit.currency"))
        case BenefitKind.PERCENTAGE_DISCOUNT:
            _expect_only(message, "basis_points")
            basis_points = integer_of(
                message.basis_points, "terms.benefit.basis_points", at_least=1, at_most=rewards.BASIS_POINTS_MAX
            )
            return Benefit(kind, basis_points=basis_points)
        case BenefitKind.FREE_PRODUCT:
            _expect_only(message, "sku")
            return Benefit(kind, sku=text_of(message.sku, "terms.benefit.sku", length_max=rewards.SKU_LENGTH_MAX))


def benefit_message(benefit: Benefit) -> pb.Benefit:
    """The benefit on the wire."""
    return pb.Benefit(
        kind=KINDS.to_proto(benefit.kind),
        amount_minor=benefit.amount_minor,
        currency=benefit.currency,
        basis_points=benefit.basis_points,
        sku=benefit.sku,
    )


def _expect_only(message: pb.Benefit, *names: str) -> None:
    for field, _ in message.ListFields():
        if field.name not in ("kind", *names):
            raise Invalid(f"terms.benefit.{field.name}", "does not belong to this kind of benefit")
