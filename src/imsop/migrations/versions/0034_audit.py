from imsop.migrations import sql_revision

revision = "0034"
down_revision = "0033"

upgrade = sql_revision(__file__)
