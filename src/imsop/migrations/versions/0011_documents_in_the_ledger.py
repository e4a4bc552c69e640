from imsop.migrations import sql_revision

revision = "0011"
down_revision = "0010"

upgrade = sql_revision(__file__)
