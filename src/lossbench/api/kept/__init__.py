"""What becomes of kept weights: which trials are meant, and their networks made again."""
