"""The folder for an auditor."""
