"""What is known: immutable snapshot files, timelines, and the tables that index them. Nothing is ever lost."""
