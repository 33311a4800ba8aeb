"""History from elsewhere into the archive: read, compared, and written by the batch."""
