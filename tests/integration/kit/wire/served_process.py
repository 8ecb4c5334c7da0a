"""A process as a service's `__main__` would run it, for the tests of its life; prints its port, then logs to stderr.

Its RPC answers at once, or, when asked for `FOR_EVER`, not before the process ends.
"""

import sys
import threading

import grpc
from loyalty.members.v1 import members_pb2 as pb

from kit import logging
from kit.server import Server
from kit.serving import serve
from kit.telemetry import InternalServer
from kit.workers import Worker
from tests.integration.kit.wire.subject import FOR_EVER, echo, subject


def answer(request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
    if request == FOR_EVER:
        threading.Event().wait()
    return echo(request, context)


if __name__ == "__main__":
    logging.configure("subject")
    server = Server([subject(answer)], port=0, threads_max=2, concurrent_rpcs_max=4)
    internal = InternalServer(0, lambda: server.is_serving)
    serve("subject", server, [Worker("baker", lambda: False, interval_s=3_600.0)], internal, grace_s=float(sys.argv[1]))
