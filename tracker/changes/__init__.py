"""Two accesses in, a change out; observations in, transitions and periods out. Pure."""
