"""The Python surface: `running` trains; `reading` and `comparing` read what was trained, without importing torch."""
