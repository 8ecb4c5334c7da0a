"""What points buy: the catalogue, its stock, redemptions and the vouchers they end in.

Owns rewards with their terms and stock, redemptions, vouchers, and a projection of the members' statuses.

Promises that a redemption ends, exactly once, in a good voucher for points spent or in the points back; that stock and
the limit per member hold under any concurrency; that a voucher is used once.

Called by the gateway and by retailers' own systems. Calls `points`, which alone decides whether a member may spend and
has enough; listens to `members` to tell in a list who may not.
"""
