"""Organizations with years of business in them: made here by a simulation, or loaded from public data."""
