"""What rewards and vouchers give."""

from __future__ import annotations

from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.convert import EnumMap, currency_of
from kit.errors import Invalid
from services.rewards.domain.rewards import Benefit, BenefitKind

KINDS = EnumMap(pb.BenefitKind, BenefitKind)


def benefit_of(message: pb.Benefit) -> Benefit:
    """What a reward gives: exactly what belongs to its kind."""
    kind = KINDS[message.kind]
    match kind:
        case BenefitKind.FIXED_DISCOUNT:
            _expect(message, "amount_minor", "currency")
            currency = currency_of(message.currency, "terms.benefit.currency")
            return Benefit(kind, amount_minor=message.amount_minor, currency=currency)
        case BenefitKind.PERCENTAGE_DISCOUNT:
            _expect(message, "basis_points")
            return Benefit(kind, basis_points=message.basis_points)
        case BenefitKind.FREE_PRODUCT:
            _expect(message, "sku")
            return Benefit(kind, sku=message.sku)


def benefit_message(benefit: Benefit) -> pb.Benefit:
    """The benefit on the wire."""
    return pb.Benefit(
        kind=KINDS.to_proto(benefit.kind),
        amount_minor=benefit.amount_minor,
        currency=benefit.currency,
        basis_points=benefit.basis_points,
        sku=benefit.sku,
    )


def _expect(message: pb.Benefit, *names: str) -> None:
    given = [field.name for field, _ in message.ListFields() if field.name != "kind"]
    for name in given:
        if name not in names:
            raise Invalid(f"terms.benefit.{name}", "does not belong to this kind of benefit")
    for name in names:
        if name not in given:
            raise Invalid(f"terms.benefit.{name}", "is missing")
