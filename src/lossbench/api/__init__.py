"""The Python surface: `running` trains, `reading` reads what was trained without importing torch."""
