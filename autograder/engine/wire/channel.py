"""One end of a connection between two processes of the engine: frames of a JSON text and raw bytes."""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from typing import Any

MAX_TEXT = 32 << 20
"""Bytes of JSON in a frame."""

MAX_RAW = 256 << 20
"""Bytes of tensors, arrays and byte strings in a frame."""


_HEAD = struct.Struct("!BII")

_PIECE = 1 << 16
"""Bytes that are read at once."""


class Malformed(Exception):
    """A frame that is not what it should be; the sender is broken or hostile."""


class Closed(Exception):
    """The other end is gone."""


class Late(Exception):
    """Nothing came in time."""


class Channel:
    """Carries frames: a kind, the lengths of the text and of the raw bytes, then both."""

    CONTROL, DATA = 0, 1
    """Kinds: a JSON message to the process itself; data that is passed on unopened."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._ahead = bytearray()  # what has come of the next frames
        self.patience: float | None = None
        """Seconds that `send` waits for the other end to take a frame."""

    def fileno(self) -> int:
        return self.connection.fileno()

    def send(self, kind: int, text: bytes, raw: bytes | bytearray = b"") -> None:
        """Raises `Closed`, and `Late` when the other end does not take it in time."""
        try:
            if self.patience is not None:
                self.connection.settimeout(self.patience)
            together = raw if len(raw) < _PIECE else b""
            self.connection.sendall(b"".join((_HEAD.pack(kind, len(text), len(raw)), text, together)))
            if raw and not together:
                self.connection.sendall(raw)
        except TimeoutError:
            raise Late from None
        except OSError:
            raise Closed from None

    def receive(self, seconds: float | None = None) -> tuple[int, bytes, bytearray]:
        """The next frame's kind, text and raw bytes.

        Raises `Malformed`, `Closed`, and `Late` when it is not complete within `seconds`; after any of these the connection
        is of no more use.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        kind, text_size, raw_size = _HEAD.unpack(self._read(_HEAD.size, deadline))
        if kind not in (self.CONTROL, self.DATA) or text_size > MAX_TEXT or raw_size > MAX_RAW:
            raise Malformed("a frame that is too large")
        return kind, bytes(self._read(text_size, deadline)), self._read(raw_size, deadline)

    def tell(self, **message: Any) -> None:
        """Send a control message. Raises `Closed` and `Late`."""
        self.send(self.CONTROL, json.dumps(message).encode("utf-8", "replace"))

    def _read(self, size: int, deadline: float | None) -> bytearray:
        buffer = self._ahead
        while len(buffer) < size:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self.connection], [], [], left)[0]:
                    raise Late
            try:
                received = self.connection.recv(_PIECE)
            except OSError:
                raise Closed from None
            if not received:
                raise Closed
            buffer += received
        self._ahead = buffer[size:]
        del buffer[size:]
        return buffer

    def close(self) -> None:
        self.connection.close()


def read_message(text: bytes) -> dict[str, Any]:
    """A control message. Raises `Malformed`."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(message, dict):
        raise Malformed("not an object")
    return message
