from imsop.migrations import sql_revision

revision = "0021"
down_revision = "0020"

upgrade = sql_revision(__file__)
