from imsop.migrations import sql_revision

revision = "0003"
down_revision = "0002"

upgrade = sql_revision(__file__)
