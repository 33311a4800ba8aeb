"""Foreign input made wrong on purpose: every parser reads it or refuses it in its own words, within bounds."""
