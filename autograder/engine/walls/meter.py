"""What processes have used, read from outside of them: the time of a core, how long they had to wait for one, and how many want one."""

from __future__ import annotations

import os
from collections.abc import Iterable

from autograder.engine.limits import read_wait
from autograder.engine.walls.kernel import read_proc

_TICKS = os.sysconf("SC_CLK_TCK")


class Meter:
    """Counts for a group of processes, folders of /proc, from the last `begin` on."""

    def __init__(self) -> None:
        self.waits: dict[str, float] = {}
        self.cores = 0.0

    def begin(self, processes: Iterable[str]) -> None:
        processes = list(processes)
        self.waits = {process: read_wait(process) for process in processes}
        self.cores = sum(map(_read_cores, processes))

    def read(self, processes: Iterable[str]) -> tuple[float, float]:
        """Seconds of cores that they had together, and the seconds that the one of them waited for a core that waited longest."""
        processes = list(processes)
        waits = (read_wait(process) - self.waits.get(process, 0.0) for process in processes)
        return sum(map(_read_cores, processes)) - self.cores, max(waits, default=0.0)


def _read_cores(process: str) -> float:
    """With what the children had that have ended."""
    fields = read_proc(f"{process}/stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS  # proc(5) counts them as 14 to 17


def count_running(processes: Iterable[str], most: int = 64) -> int:
    """How many threads of the processes run or want to, up to `most`."""
    found = 0
    for process in processes:
        fields = read_proc(f"{process}/stat").rpartition(")")[2].split()
        if len(fields) > 17 and int(fields[17]) > 1:  # threads
            try:
                threads = os.listdir(f"{process}/task")
            except OSError:
                continue
            for thread in threads[:most]:
                found += read_proc(f"{process}/task/{thread}/stat").rpartition(")")[2].startswith(" R")
        else:
            found += fields[:1] == ["R"]
        if found >= most:
            break
    return found
