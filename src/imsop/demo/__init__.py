"""Organizations with years of business in them, for trying things out: made here, or loaded from public data."""
