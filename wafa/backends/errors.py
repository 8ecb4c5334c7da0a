"""The one way in which back ends say no."""


class BackendError(Exception):
    """Something about this machine or its settings keeps a back end from working.

    The message is for the person at the keyboard: what is wrong, and what to do about it. It never holds a password.
    """
