"""`python -m benchmarks.simulation`: does the statistical protocol keep its promises? Made-up studies are counted."""
