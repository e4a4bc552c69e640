"""Mails of documents: written in the transaction of who sends them, sent by a job."""
