"""`python -m lossbench` is the command line."""

from lossbench.cli import main

main()
