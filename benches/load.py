"""Measures the milliseconds and the peak memory of loading a model, each time in a new process.

For ONNX Runtime it measures the creation of a session in a Python process that has imported it, and the
memory that this adds. Our program is measured as a whole.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bars import LOAD

TIMES = 5

# /proc gives the peak of this process alone. Writing 5 to clear_refs resets it.
SESSION = """
import sys, time, onnxruntime
from pathlib import Path

def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.log_severity_level = 3
Path("/proc/self/clear_refs").write_text("5")
before = kilobytes("VmRSS:")
started = time.perf_counter_ns()
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
spent = time.perf_counter_ns() - started
print(spent, kilobytes("VmHWM:") - before, kilobytes("VmHWM:"))
"""


def report(folders: Sequence[Path], program: Path) -> bool:
    """Prints the medians for each model. Returns whether ours reach the required ratios."""
    reached = True
    print(f"{'':<22}{'ours':>10}{'':>10}{'onnxruntime':>14}")
    print(f"{'model':<22}{'ms':>10}{'MB':>10}{'ms':>14}{'MB added':>10}{'MB':>10}")
    for folder in folders:
        pairs = [(of_program(folder, program), of_onnx_runtime(folder / "model.onnx")) for _ in range(TIMES)]
        ours, theirs = ([median(column) for column in zip(*rows)] for rows in zip(*pairs))
        cells = [f"{ours[0]:10.1f}", f"{ours[1]:10.1f}", f"{theirs[0]:14.1f}", *(f"{mb:10.1f}" for mb in theirs[1:])]
        ratios = {"ms": theirs[0] / ours[0], "MB": theirs[2] / ours[1]}
        marks = [f"   {unit} {bar:.2f} MISSED" for unit, bar in LOAD.items() if ratios[unit] < bar]
        reached &= not marks
        print(f"{folder.name:<22}{''.join(cells)}{''.join(marks)}", flush=True)
    return reached


def of_program(folder: Path, program: Path) -> tuple[float, float]:
    """The milliseconds and the peak in megabytes of our program when it predicts nothing."""
    with subprocess.Popen([program, folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        answer = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{program} has failed")
    # The system counts the memory of the parent process as the child's.
    if usage.ru_maxrss <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        raise SystemExit("this process is too large to measure what another one takes")
    return int(answer) / 1e6, usage.ru_maxrss * 1024 / 1e6


def of_onnx_runtime(path: Path) -> tuple[float, float, float]:
    """The milliseconds of ONNX Runtime, the megabytes that it adds, and the megabytes in all."""
    command = [sys.executable, "-c", SESSION, path]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    nanoseconds, added, peak = map(int, answer.split())
    return nanoseconds / 1e6, added * 1024 / 1e6, peak * 1024 / 1e6
