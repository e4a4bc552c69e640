from imsop.migrations import sql_revision

revision = "0012"
down_revision = "0011"

upgrade = sql_revision(__file__)
