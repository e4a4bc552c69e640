from imsop.migrations import sql_revision

revision = "0007"
down_revision = "0006"

upgrade = sql_revision(__file__)
