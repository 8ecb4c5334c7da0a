"""The launcher's errors, and the exception by which it stops."""


class LauncherError(Exception):
    """The suite cannot be started or go on. The message is for the person at the keyboard: what is wrong, and what to
    do about it. `last_lines` is what the program that failed said last."""

    def __init__(self, message: str, last_lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.last_lines = last_lines


class StopAsked(Exception):
    """A signal to stop came during a wait."""
