"""The tracker's folder as a copy that can be trusted: made while it works, proved before it is used."""
