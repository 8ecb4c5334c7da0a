"""Proto ↔ domain values: the shape of requests is checked here, one file a noun."""
