"""A gallery of reports: a few small studies, run where it is made, and a page that leads to their reports."""
