"""Mutation testing of the rooms that decide what a change is: every small edit of them should fail a quick test."""
