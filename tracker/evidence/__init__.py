"""A folder for an auditor: what changed, what is behind it, who has read it, and how to check each without this program."""
