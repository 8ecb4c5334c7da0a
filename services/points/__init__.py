"""points: what members hold.

Owns accounts, the ledger's entries, lots and holds, purchases and returns, and the rules that earn. Promises that no
point is lost, invented or spent twice, and that every point can be explained.

Called by the gateway and by `rewards` (holds). Calls `members` only for a member it has not heard of yet; what it needs
to know of members otherwise reaches it as events.
"""
