from imsop.migrations import sql_revision

revision = "0015"
down_revision = "0014"

upgrade = sql_revision(__file__)
