"""Mails of documents: stored in the sender's transaction, delivered by a job."""
