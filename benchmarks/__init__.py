"""How fast lossbench trains, beside other ways of training the same: `python -m benchmarks`, or `make bench`."""
