"""Programs for those who work on lossbench; none of them is installed with it."""
