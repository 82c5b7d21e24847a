"""Says that it is ready, answers SIGINT by a last word and ends well."""

import os
import signal
import sys


def stop(*_: object) -> None:
    os.write(1, b"Shutting down\n")  # the signal may come in the middle of a print
    sys.exit(0)


signal.signal(signal.SIGINT, stop)
print(f"Starting up {' '.join(sys.argv[1:])}".rstrip(), flush=True)
print("ready on stderr", file=sys.stderr, flush=True)
for number in range(3):
    print(f"Loop {number}", flush=True)
while True:
    signal.pause()
