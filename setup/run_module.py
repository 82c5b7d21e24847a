# SPDX-License-Identifier: Apache-2.0
"""`python setup/run_module.py MODULE arguments...`: as `python -m`, without the current folder on the search path.

`python -P` does the same from Python 3.11 on.
"""

import runpy
import sys

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("run_module: which module?")
    del sys.argv[0]
    # A script's own folder comes first, and an empty entry stands for the current one.
    sys.path[:] = [entry for entry in sys.path[1:] if entry]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
