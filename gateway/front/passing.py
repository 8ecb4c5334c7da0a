"""What the server and the application tell one another in a request's environ."""

from __future__ import annotations

# To the application: so many bytes of body, 0 where none were announced, have not been read. It answers, or leaves its
# request context and is called again with the body.
BODY_PENDING = "wafa.body_pending"
# Both ways: what the application found out from the head.
REQUEST_CONTEXT = "wafa.request_context"
# To the application: when the request began to arrive, by the monotonic clock.
RECEIVED_AT = "wafa.received_at"
