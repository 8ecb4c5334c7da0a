"""Members: who someone is, what they are found by, what they may do; and the programs and API keys of callers.

Promises: an identifier belongs to one member of a program; personal data lies sealed under a key per member and is
found by keyed hashes alone; a member that has been terminated stays so.

Called by the gateway, and by points for a member its projection does not know yet. Calls no other service. Announces
`member.enrolled`, `member.updated` and `member.status_changed`, without personal data.
"""
