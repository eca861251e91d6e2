"""The documentation site: its generated pages, and the look through what was built."""
