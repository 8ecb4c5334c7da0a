"""PostgreSQL and Valkey for one machine: found, prepared, started, and stopped with the process that started them.

`Backends` decides what has to be started and starts it; addresses in the environment always win. The servers run
from wheels or from what the machine has installed; as root they run as `nobody`. They listen on 127.0.0.1 with
generated passwords, and what is kept lies in one state folder that only its owner can read.

Everything that is wrong with a person's machine is a `BackendError`: one sentence with its remedy.
"""

from wafa.backends.addresses import WORDS, Addresses
from wafa.backends.backends import Backends, Ports
from wafa.backends.errors import BackendError
from wafa.backends.postgres import PostgresServer, PostgresSettings
from wafa.backends.process import free_port
from wafa.backends.reset import reset
from wafa.backends.state import running
from wafa.backends.valkey import ValkeyServer, ValkeySettings

__all__ = [
    "WORDS",
    "Addresses",
    "BackendError",
    "Backends",
    "Ports",
    "PostgresServer",
    "PostgresSettings",
    "ValkeyServer",
    "ValkeySettings",
    "free_port",
    "reset",
    "running",
]
