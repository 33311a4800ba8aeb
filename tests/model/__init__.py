"""What the values say of themselves."""
