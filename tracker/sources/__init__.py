"""Where versions of policies come from. Each source is one file; source.py says what every one of them answers."""
