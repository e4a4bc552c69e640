"""Background jobs as users see them: status, errors, and retry."""
