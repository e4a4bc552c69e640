from imsop.migrations import sql_revision

revision = "0019"
down_revision = "0018"

upgrade = sql_revision(__file__)
