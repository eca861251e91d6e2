"""`python -m lossbench` is the command line."""

import os
import sys

# `python -m` looks for every module in the working directory first, where a folder that came from somebody may have a
# numpy.py. As with `lossbench`, only code that the user named is to be looked for there, which imports.py does.
if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:  # noqa: PTH109 - pathlib would be looked for there, too
    del sys.path[0]

from lossbench.cli import main

main()
