"""Stands for a kernel that is a fork of `tests/warm_kernels.py`: passes signals on, and ends when it ends."""

import json
import os
import signal
import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
    door.connect(os.environ["WARM_KERNELS"])
    request = {"folder": os.getcwd(), "environment": dict(os.environ), "connection": sys.argv[1]}
    socket.send_fds(door, [json.dumps(request).encode()], [1, 2])
    kernel = int(door.recv(64))
    signal.signal(signal.SIGINT, lambda number, frame: os.kill(kernel, number))
    door.recv(1)
