"""Proto ↔ domain values. The shape of a request is checked here; what it means is for the handlers and the domain."""
