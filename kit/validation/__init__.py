"""The edge of a service: each request is brought into its canonical form and held to the bounds that it declares.

Bounds are `buf.validate` options of the contract, and protovalidate checks them: no code of ours repeats them. What
needs two fields, a list of codes or the service's own data is checked where it is known.
"""

from __future__ import annotations

from collections.abc import Iterable

import protovalidate
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from kit.validation.forms import canonicalise
from kit.validation.problems import invalid_of


def check(message: Message) -> None:
    """Changes the texts of the message to their forms; raises Invalid for the first field beyond its bounds."""
    canonicalise(message)
    for violation in protovalidate.collect_violations(message, fail_fast=True):
        raise invalid_of(violation, message)


def prepare(services: Iterable[ServiceDescriptor]) -> None:
    """Compiles the rules of all requests of the services, so that the first caller does not wait for it.

    Raises protovalidate.CompilationError for a rule that makes no sense.
    """
    for service in services:
        for method in service.methods:
            request = GetMessageClass(method.input_type)()
            canonicalise(request)
            protovalidate.collect_violations(request)
