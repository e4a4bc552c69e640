from imsop.migrations import sql_revision

revision = "0004"
down_revision = "0003"

upgrade = sql_revision(__file__)
