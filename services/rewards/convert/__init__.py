"""Proto ↔ domain values: the shape of requests is checked here and refused as `Invalid(field, problem)`."""
