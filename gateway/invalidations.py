"""What a process of the gateway remembers and must forget, carried to the other processes at once.

The processes of one gateway share a small file: a count and a ring of the latest invalidations. A process that has
carried a change writes there before it answers; each process compares the count whenever it turns to its memory. So
a change is seen by every process of the gateway that carried it, without any server in between. Other gateways hear of
the change by the stream of `members` (`gateway/trust.py`).
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import mmap
import os
import struct
import tempfile
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

FILE_VARIABLE = "WAFA_INVALIDATIONS_FILE"

RING_SIZE = 1_024
_COUNT = struct.Struct("<Q")
_RECORD = struct.Struct("<B15x16s")
_FILE_BYTES = _COUNT.size + RING_SIZE * _RECORD.size


class InvalidationKind(enum.IntEnum):
    """What has changed; the number stands in the shared file."""

    MEMBER_IDENTIFIERS = 1
    API_KEY = 2


Forget = Callable[[InvalidationKind, str], None]


class Invalidations:
    """Those of all processes that were given the same file, by the environment or by the fork that made them."""

    def __init__(self, forget: Forget, forget_all: Callable[[], None], path: str = "") -> None:
        self._forget = forget
        self._forget_all = forget_all
        self._file = os.open(path, os.O_RDWR) if path else _file_without_name()
        weakref.finalize(self, os.close, self._file)
        self._map = mmap.mmap(self._file, _FILE_BYTES)
        self._lock = threading.Lock()
        # The memories of a process that begins are empty.
        self._seen = self._count()

    def announce(self, kind: InvalidationKind, owner_id: str) -> None:
        """Makes every process forget what it remembers of the owner, this one at once."""
        with self._locked():
            count = self._count()
            _RECORD.pack_into(self._map, _place(count), kind, uuid.UUID(owner_id).bytes)
            # After the record: who sees the count finds it.
            _COUNT.pack_into(self._map, 0, count + 1)
        self.catch_up()

    def catch_up(self) -> None:
        """Forgets what other processes have announced since the last time."""
        if self._count() == self._seen:
            return
        with self._locked():
            count = self._count()
            if count - self._seen > RING_SIZE:
                self._forget_all()
            else:
                for number in range(self._seen, count):
                    kind, owner = _RECORD.unpack_from(self._map, _place(number))
                    self._forget(InvalidationKind(kind), str(uuid.UUID(bytes=owner)))
            # After the forgetting: until then, other threads wait for the lock.
            self._seen = count

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One thread of one process. POSIX locks belong to processes, so threads need another."""
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _count(self) -> int:
        count: int = _COUNT.unpack_from(self._map, 0)[0]
        return count


def _place(number: int) -> int:
    return _COUNT.size + number % RING_SIZE * _RECORD.size


def _file_without_name() -> int:
    """A file for this process and those that it forks."""
    file, path = tempfile.mkstemp(prefix="wafa-gateway-invalidations-")
    Path(path).unlink()
    os.truncate(file, _FILE_BYTES)
    return file


def invalidations_file_in(folder: str) -> str:
    """Makes the file that the processes of one gateway share; gives its path."""
    path = Path(folder) / "invalidations"
    path.write_bytes(bytes(_FILE_BYTES))
    return str(path)
