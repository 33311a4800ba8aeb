"""The values that every room shares. Frozen, slotted, typed; no I/O and no clock."""
