"""A gRPC server with everything a service of ours has around its servicer: interceptors, health, bounds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent import futures

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from kit import validation
from kit.call import ANSWER_BYTES_MAX, MESSAGE_BYTES_MAX
from kit.interceptors import Interceptor
from kit.peers.settings import PeerAdmission
from kit.ports import PortTakenError as PortTakenError  # what making a server may raise
from kit.ports import address_of

# How often an idle client may ping; a client that pings more often is disconnected. Half of what our
# clients do, so that clocks that differ a little do not matter.
KEEPALIVE_INTERVAL_MS_MIN = 10_000


class Server:
    """Serves some servicers from a bounded pool of threads.

    A servicer is an instance of a generated `…Servicer` class, which is where the server learns its service's name.
    The port is taken at once, so that a taken one is noticed before anything else has started; 0 takes any free one,
    and `port` is its number. Nothing is answered before `start()`; until `set_serving(True)` health says NOT_SERVING.

    Of `concurrent_rpcs_max` RPCs `threads_max` are worked on and the rest wait; beyond them callers get
    RESOURCE_EXHAUSTED at once, health checks among them. With `port_shared` several processes may listen on one port
    and the kernel spreads connections over them; without it a taken port is an error. `admission` says who may connect
    and call; without it, every peer may.
    """

    def __init__(
        self,
        servicers: Sequence[object],
        *,
        port: int,
        host: str = "127.0.0.1",
        threads_max: int,
        concurrent_rpcs_max: int,
        reflection: bool = False,
        port_shared: bool = False,
        admission: PeerAdmission | None = None,
    ) -> None:
        admission = admission or PeerAdmission()
        self._pool = futures.ThreadPoolExecutor(threads_max, thread_name_prefix="rpc")
        self._server = grpc.server(
            self._pool,
            interceptors=[Interceptor(admission.guard)],
            maximum_concurrent_rpcs=concurrent_rpcs_max,
            options=[
                ("grpc.so_reuseport", int(port_shared)),
                ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
                ("grpc.max_send_message_length", ANSWER_BYTES_MAX),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_INTERVAL_MS_MIN),
            ],
        )
        services = [_add(servicer, self._server) for servicer in servicers]
        validation.prepare(services)
        self._names = tuple(service.full_name for service in services)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if reflection:
            _enable_reflection(self._names, self._server)
        self.is_serving = False
        self.set_serving(False)
        self.port = _bind(self._server, host, port, admission.credentials)

    def start(self) -> None:
        """Starts to answer."""
        self._server.start()

    def set_serving(self, serving: bool) -> None:
        """Says by the health service, for each service and overall, whether requests are welcome."""
        self.is_serving = serving
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", *self._names):
            self._health.set(name, status)

    def stop(self, grace_s: float) -> None:
        """Drains: says NOT_SERVING, takes no new RPCs, gives those at work `grace_s`, and cancels what is left."""
        self.set_serving(False)
        self._server.stop(grace_s).wait()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _add(servicer: object, server: grpc.Server) -> ServiceDescriptor:
    """Adds the servicer by the function generated beside its base class and gives its service."""
    base = _generated_base(servicer)
    generated = sys.modules[base.__module__]
    add: Callable[[object, grpc.Server], None] = getattr(generated, f"add_{base.__name__}_to_server")
    add(servicer, server)
    messages = sys.modules[base.__module__.removesuffix("_grpc")]
    service: ServiceDescriptor = messages.DESCRIPTOR.services_by_name[base.__name__.removesuffix("Servicer")]
    return service


def _generated_base(servicer: object) -> type:
    for base in type(servicer).__mro__:
        if base.__module__.endswith("_pb2_grpc") and base.__name__.endswith("Servicer"):
            return base
    raise TypeError(f"{type(servicer).__name__} does not extend a generated servicer")


def _enable_reflection(names: Sequence[str], server: grpc.Server) -> None:
    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)


def _bind(server: grpc.Server, host: str, port: int, credentials: grpc.ServerCredentials | None) -> int:
    try:
        if credentials is None:
            return server.add_insecure_port(address_of(host, port))
        return server.add_secure_port(address_of(host, port), credentials)
    except RuntimeError as error:
        raise PortTakenError(host, port) from error
