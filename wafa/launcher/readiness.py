"""Whether a process does its work yet, asked as an orchestrator would ask."""

from __future__ import annotations

import http.client

import grpc
from grpc_health.v1 import health_pb2

from kit.client import channel
from kit.peers.identity import NO_IDENTITY, Identity

ASK_TIMEOUT_S = 1.0


def grpc_serves(address: str, identity: Identity = NO_IDENTITY) -> bool:
    """Whether the gRPC server there says SERVING of itself as a whole; one with certificates wants to see one."""
    with channel(address, identity=identity) as asked:
        check = asked.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(health_pb2.HealthCheckRequest(), timeout=ASK_TIMEOUT_S)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def http_ready(port: int, path: str = "/readyz") -> bool:
    """Whether the internal port of a process of ours answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
