from imsop.migrations import sql_revision

revision = "0020"
down_revision = "0019"

upgrade = sql_revision(__file__)
