"""The catalogue, redemptions and vouchers."""
