"""The IAM policy language: a document becomes access. Pure: no I/O, no clock, no catalogue of its own."""
