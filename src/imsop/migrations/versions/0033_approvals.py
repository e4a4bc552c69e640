from imsop.migrations import sql_revision

revision = "0033"
down_revision = "0032"

upgrade = sql_revision(__file__)
