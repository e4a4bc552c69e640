from imsop.migrations import sql_revision

revision = "0008"
down_revision = "0007"

upgrade = sql_revision(__file__)
