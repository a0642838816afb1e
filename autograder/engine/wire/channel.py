"""One end of a connection between two processes of the engine: frames of a JSON text and raw bytes."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

MAX_TEXT = 32 << 20
"""Bytes of JSON in a frame."""

MAX_RAW = 256 << 20
"""Bytes of tensors, arrays and byte strings in a frame."""


_HEAD = struct.Struct("!BII")

_PIECE = 1 << 16
"""Bytes that are read at once."""

MAX_DESCRIPTORS = 64
"""Descriptors that one frame brings."""


class Malformed(Exception):
    """A frame that is not what it should be; the sender is broken or hostile."""


class Closed(Exception):
    """The other end is gone."""


class Late(Exception):
    """Nothing came in time."""


class Channel:
    """Carries frames: a kind, the lengths of the text and of the raw bytes, then both. A frame may bring descriptors with it."""

    CONTROL, DATA = 0, 1
    """Kinds: a JSON message to the process itself; data that is passed on unopened."""

    def __init__(self, connection: socket.socket, takes_descriptors: bool = False) -> None:
        self.connection = connection
        self._descriptors: list[int] | None = [] if takes_descriptors else None
        self._ahead = bytearray()  # what has come of the next frames
        self.patience: float | None = None
        """Seconds that `send` waits for the other end to take a frame."""

    def fileno(self) -> int:
        return self.connection.fileno()

    def send(self, kind: int, text: bytes, raw: bytes | bytearray = b"", descriptors: Sequence[int] = ()) -> None:
        """Raises `Closed`, and `Late` when the other end does not take it in time."""
        try:
            if self.patience is not None:
                self.connection.settimeout(self.patience)
            together = raw if len(raw) < _PIECE else b""
            first = b"".join((_HEAD.pack(kind, len(text), len(raw)), text, together))
            if descriptors:  # they come with the first byte, however little of the rest fits
                first = first[socket.send_fds(self.connection, [first], list(descriptors)) :]
            self.connection.sendall(first)
            if raw and not together:
                self.connection.sendall(raw)
        except TimeoutError:
            raise Late from None
        except OSError:
            raise Closed from None

    def receive(self, seconds: float | None = None) -> tuple[int, bytes, bytearray]:
        """The next frame's kind, text and raw bytes.

        Raises `Malformed` and `Closed`, after which the connection is of no more use, and `Late` when it is not complete within
        `seconds`; whoever asks again goes on waiting for it.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        self._wait_for(_HEAD.size, deadline)
        kind, text_size, raw_size = _HEAD.unpack_from(self._ahead)
        if kind not in (self.CONTROL, self.DATA) or text_size > MAX_TEXT or raw_size > MAX_RAW:
            raise Malformed("a frame that is too large")
        middle, end = _HEAD.size + text_size, _HEAD.size + text_size + raw_size
        self._wait_for(end, deadline)
        frame, self._ahead = self._ahead, self._ahead[end:]
        text = bytes(memoryview(frame)[_HEAD.size : middle])
        del frame[end:], frame[:middle]
        return kind, text, frame

    def receive_ready(self) -> tuple[int, bytes, bytearray] | None:
        """Read once what has come; the next frame where that completes it. Raises `Malformed` and `Closed`."""
        self._read_piece()
        if len(self._ahead) < _HEAD.size:
            return None
        _, text_size, raw_size = _HEAD.unpack_from(self._ahead)
        return self.receive() if len(self._ahead) >= _HEAD.size + text_size + raw_size else None

    def take_descriptors(self) -> list[int]:
        """Those that came since the last time; they are the caller's to close."""
        taken, self._descriptors = self._descriptors or [], []
        return taken

    def tell(self, **message: Any) -> None:
        """Send a control message. Raises `Closed` and `Late`."""
        self.send(self.CONTROL, write_message(message))

    def _wait_for(self, size: int, deadline: float | None) -> None:
        """Read ahead until there are `size` bytes. Raises `Closed` and `Late`; what has come by then stays."""
        while len(self._ahead) < size:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0 or not self._poll(left):
                    raise Late
            self._read_piece()

    def _poll(self, seconds: float) -> bool:
        poll = select.poll()  # `select` knows no descriptor above 1023
        poll.register(self.connection, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _read_piece(self) -> None:
        try:
            if self._descriptors is None:
                received = self.connection.recv(_PIECE)
            else:
                received, descriptors, _, _ = socket.recv_fds(self.connection, _PIECE, MAX_DESCRIPTORS)
                self._descriptors += descriptors
        except OSError:
            raise Closed from None
        if not received:
            raise Closed
        self._ahead += received

    def close(self) -> None:
        for descriptor in self._descriptors or ():
            os.close(descriptor)
        self.connection.close()


def write_message(message: dict[str, Any]) -> bytes:
    """A control message as it is sent: in letters as they are, which take a third of what escapes do, where they can be written so."""
    try:
        return json.dumps(message, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a letter
        return json.dumps(message).encode()


def read_message(text: bytes) -> dict[str, Any]:
    """A control message. Raises `Malformed`."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(message, dict):
        raise Malformed("not an object")
    return message
