"""A study on one GPU: as a stack, one trial after another, in four processes, and the bound of all of them."""
