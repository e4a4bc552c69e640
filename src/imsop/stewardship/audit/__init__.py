"""The audit trail: what changed, by whom and from where. The database's triggers write it."""
