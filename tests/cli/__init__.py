"""The command line, as a person and as cron meet it."""
