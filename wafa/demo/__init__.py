"""Real receipts, replayed through the gateway as a till would send them.

`receipts` reads them, `matching` finds what a return brings back, `plan` puts each member's receipts in order,
`till` speaks to the gateway, `replay` does the work and `tally` accounts for every receipt.
"""
