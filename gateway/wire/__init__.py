"""What stands in HTTP bodies, a file a word: pydantic models, and their way to the protos and back.

A `RequestModel` is bounded, strict, and closed to fields nobody knows, because a misspelt `discount_minor` must not be
lost in silence. A `ResponseModel` is what a service said, in our spelling. Bounds repeat those of the protos so that
the OpenAPI document can show them; the services check them all the same.
"""
