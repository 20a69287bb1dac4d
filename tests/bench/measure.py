"""One piece of work in a fresh process: how long it took, how much memory it held.

`python -m tests.bench.measure MODULE FUNCTION ARGUMENT …` calls the function. It does
what need not be measured and returns the work; the answer is one line of JSON.
"""

import importlib
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Measured:
    """What one work took: medians of its runs."""

    seconds: float
    cpu_seconds: float  # of all threads: less at the mercy of what else is running
    peak_megabytes: float
    rows: int


def measure(module: str, function: str, *arguments: object) -> Measured:
    """Run a work once, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.measure", module, function]
    done = subprocess.run(
        [*command, *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def median(runs: Sequence[Measured]) -> Measured:
    return Measured(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.cpu_seconds for run in runs),
        statistics.median(run.peak_megabytes for run in runs),
        runs[0].rows,
    )


def main() -> None:
    module, function, *arguments = sys.argv[1:]
    work = getattr(importlib.import_module(module), function)(*arguments)
    began, cpu_began = time.perf_counter(), time.process_time()
    rows = work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    # Kilobytes on Linux, bytes on macOS.
    unit = 1024 if sys.platform == "linux" else 1024**2
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    answer = Measured(seconds, cpu, peak, rows)
    sys.stdout.write(f"{json.dumps(asdict(answer))}\n")


if __name__ == "__main__":
    main()
