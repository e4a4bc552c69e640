"""Live news: found once per process, sent to whoever listens."""
