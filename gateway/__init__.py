"""The gateway: HTTP and JSON for tills, apps and back-office systems; gRPC behind it.

It owns who may come in and what they may ask for, limits, and the OpenAPI document. It promises that a caller acts in
the program of its key and nowhere else, that every error is a problem+json with a reason, and that a retry with the
same key is safe. Nothing about loyalty is decided here; it keeps nothing but short memories of what `members` told it.
It calls `members`, `points` and `rewards`, and is called by strangers.
"""
