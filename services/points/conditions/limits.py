"""What keeps a condition from being saved beside errors of its language."""


class CostUnknown(Exception):
    """Nothing says what it may cost at most; the message says what of it, as the end of a sentence."""
