from imsop.migrations import sql_revision

revision = "0016"
down_revision = "0015"

upgrade = sql_revision(__file__)
