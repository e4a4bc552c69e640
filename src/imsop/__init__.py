"""IMSOP: a multi-tenant supply-chain and operations platform on PostgreSQL."""

__version__ = "0.1.0"
