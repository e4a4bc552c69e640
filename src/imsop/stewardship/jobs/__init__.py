"""Background jobs as people see them: what ran, what failed and why, and running it again."""
