"""The same tuning budget for every loss, on validation data, and the study that confirms what was chosen."""
