"""A client's channel that takes up the certificate in its files whenever they have changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import grpc

from kit.peers.certificates import CertificateFiles, WatchedCertificates

# How often a client looks whether its files have changed; a server looks at each new connection.
LOOK_INTERVAL_S = 1.0
# A channel whose certificate was replaced stays for as long as any call may take that began on it.
CALLS_END_WITHIN_S = 120.0


class CertifiedChannel(grpc.Channel):
    """A channel that connects with the certificate that the files hold at that time.

    gRPC's channels keep the certificate that they were made with; when the files change, a new one takes their place.
    """

    def __init__(self, files: CertificateFiles, connect: Callable[[grpc.ChannelCredentials], grpc.Channel]) -> None:
        self._watched = WatchedCertificates(files)
        self._connect = connect
        self._lock = threading.Lock()
        self._look_again_at = 0.0
        self._now = self._made()

    def now(self) -> grpc.Channel:
        """The channel for a call that begins now."""
        if time.monotonic() >= self._look_again_at:
            with self._lock:
                self._look_again_at = time.monotonic() + LOOK_INTERVAL_S
                if self._watched.refresh():
                    _close_later(self._now)
                    self._now = self._made()
        return self._now

    def unary_unary(self, *arguments: Any, **options: Any) -> Any:
        """As every kind of call: made anew for each channel that takes another's place."""
        return _Latest(self, lambda channel: channel.unary_unary(*arguments, **options))

    def unary_stream(self, *arguments: Any, **options: Any) -> Any:
        return _Latest(self, lambda channel: channel.unary_stream(*arguments, **options))

    def stream_unary(self, *arguments: Any, **options: Any) -> Any:
        return _Latest(self, lambda channel: channel.stream_unary(*arguments, **options))

    def stream_stream(self, *arguments: Any, **options: Any) -> Any:
        return _Latest(self, lambda channel: channel.stream_stream(*arguments, **options))

    def subscribe(
        self, callback: Callable[[grpc.ChannelConnectivity], None], try_to_connect: bool | None = None
    ) -> None:
        self.now().subscribe(callback, try_to_connect=bool(try_to_connect))

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        self._now.unsubscribe(callback)

    def close(self) -> None:
        self._now.close()

    def __enter__(self) -> CertifiedChannel:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _made(self) -> grpc.Channel:
        found = self._watched.current
        return self._connect(grpc.ssl_channel_credentials(found.authority, found.key, found.chain))


class _Latest:
    """One method, called over the channel that the owner has at the time of the call."""

    def __init__(self, owner: CertifiedChannel, method_of: Callable[[grpc.Channel], Any]) -> None:
        self._owner = owner
        self._method_of = method_of
        self._made: tuple[grpc.Channel, Any] | None = None

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._method()(*arguments, **options)

    def with_call(self, *arguments: Any, **options: Any) -> Any:
        return self._method().with_call(*arguments, **options)

    def future(self, *arguments: Any, **options: Any) -> Any:
        return self._method().future(*arguments, **options)

    def _method(self) -> Any:
        channel, made = self._owner.now(), self._made
        if made is None or made[0] is not channel:
            made = self._made = (channel, self._method_of(channel))
        return made[1]


def _close_later(channel: grpc.Channel) -> None:
    timer = threading.Timer(CALLS_END_WITHIN_S, channel.close)
    timer.daemon = True
    timer.start()
