"""A cluster that trains a study, simulated event by event."""
