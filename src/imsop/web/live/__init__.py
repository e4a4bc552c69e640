"""Live events: read once per process and sent to all its listeners."""
